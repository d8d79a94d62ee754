#include "harness/report/text.h"

#include <gtest/gtest.h>

namespace stateproof::report {
namespace {

using namespace std::string_literals;

TEST(ValidText, KeepsWhatXmlAllows) { EXPECT_EQ(valid_text("Größe ≥ 3\n\t🙂"), "Größe ≥ 3\n\t🙂"); }

TEST(ValidText, DropsControlCharactersAndTerminalColours) {
  EXPECT_EQ(valid_text("a\0b\x01\r\x7F"s), "ab");
  EXPECT_EQ(valid_text("\x1B[1;31mred\x1B[0m"), "red");
  EXPECT_EQ(valid_text("end\x1B["), "end");
}

TEST(ValidText, SpellsOutWhatATerminalWouldObeyUnseen) {
  EXPECT_EQ(valid_text("a\xC2\x9B"
                       "31mb"),
            "a\\u009b31mb");
  EXPECT_EQ(valid_text("mariadb\xE2\x80\xAEtxt"), "mariadb\\u202etxt");
  EXPECT_EQ(valid_text("\xE2\x81\xA6x\xE2\x81\xA9"), "\\u2066x\\u2069");
  EXPECT_EQ(valid_text("a\xE2\x80\xA8"
                       "b"),
            "a\\u2028b");
}

TEST(ValidText, ReplacesBrokenUtf8) {
  EXPECT_EQ(valid_text("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(valid_text("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut inside a character
  EXPECT_EQ(valid_text("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong "/"
  EXPECT_EQ(valid_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // half of a surrogate pair
  EXPECT_EQ(valid_text("\xEF\xBF\xBE").find('\xBE'), std::string::npos);          // U+FFFE
}

TEST(OneLine, JoinsWhatStoodInLines) { EXPECT_EQ(one_line("  a\n b\r\n\tc "), "a b c"); }

TEST(Cut, CountsCharactersNotBytes) {
  EXPECT_EQ(cut("äöü", 3), "äöü");
  EXPECT_EQ(cut("äöüäöü", 5), "äö...");
  EXPECT_EQ(cut("abc", 2), "..");
}

TEST(Wrapped, BreaksAtBlanksAndIndents) {
  EXPECT_EQ(wrapped("one two three", 9, 2), "one two\n  three");
  EXPECT_EQ(wrapped("see https://kubernetes.io/docs now", 10, 0), "see\nhttps://kubernetes.io/docs\nnow");
  EXPECT_EQ(wrapped("a\nb", 10, 2), "a\n  b");
  EXPECT_EQ(wrapped("id  a title", 8, 0), "id  a\ntitle");
}

TEST(DurationText, IsShort) {
  EXPECT_EQ(duration_text(8.14), "8.1s");
  EXPECT_EQ(duration_text(99.96), "1m 40s");
  EXPECT_EQ(duration_text(185.2), "3m 05s");
}

TEST(MomentText, HasMilliseconds) { EXPECT_EQ(moment_text(std::chrono::milliseconds(2000)), "+02.000s"); }

}  // namespace
}  // namespace stateproof::report
