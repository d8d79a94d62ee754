#include "harness/report/html.h"

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "harness/model/steps.h"
#include "harness/report/lanes_svg.h"
#include "harness/report/markup.h"
#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string broken_page() {
  return html_page(testing::broken_run(), {{"lifecycle", testing::broken_timeline()}});
}

/// What stands between each `open` and the `close` after it.
std::vector<std::string> all_between(const std::string& text, const std::string& open,
                                     const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
    const std::size_t begin = at + open.size();
    found.push_back(text.substr(begin, text.find(close, begin) - begin));
  }
  return found;
}

TEST(Html, SaysAtOnceHowItWent) {
  EXPECT_THAT(html_page(testing::kept_run()), HasSubstr("<h1>The cluster keeps its promises</h1>"));
  EXPECT_THAT(html_page(testing::broken_run()), HasSubstr("<h1>3 promises broken</h1>"));
  EXPECT_THAT(html_page(testing::aborted_run()), HasSubstr("<h1>Nothing is proved</h1>"));
  RunResult doubtful = testing::kept_run();
  doubtful.verdicts.pop_back();
  EXPECT_THAT(html_page(doubtful), HasSubstr("<h1>Not everything could be judged</h1>"));
  EXPECT_THAT(html_page(RunResult{}), HasSubstr("<h1>Nothing is proved</h1>"));
}

TEST(Html, ShowsWhatBrokeUnfoldedAndTheRestFolded) {
  const std::string page = broken_page();
  EXPECT_THAT(page, HasSubstr(R"(class="promise broken" id="promise-ordered-creation" open)"));
  EXPECT_THAT(page, HasSubstr(R"(class="promise outside" id="promise-zone-kept">)"));
  EXPECT_THAT(page,
              HasSubstr("A pod MUST NOT be created before each pod of a lower ordinal has been Ready."));
  EXPECT_THAT(page, HasSubstr("<mark>&gt; #"));
}

TEST(Html, FetchesAndExecutesNothing) {
  const std::string page = broken_page();
  for (const char* forbidden : {"<script", "<link", "<img", "@import", "url(", " src="})
    EXPECT_THAT(page, Not(HasSubstr(forbidden)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(Html, EachLinkWithinThePageHasItsTarget) {
  const std::string page = broken_page();
  const std::vector<std::string> ids = all_between(page, " id=\"", "\"");
  const std::set<std::string> targets(ids.begin(), ids.end());
  EXPECT_EQ(targets.size(), ids.size());
  const std::vector<std::string> links = all_between(page, "href=\"#", "\"");
  EXPECT_THAT(links, Not(IsEmpty()));
  for (const std::string& target : links) EXPECT_TRUE(targets.contains(target)) << target;
}

TEST(Html, EscapesWhateverANameContains) {
  RunResult run = testing::broken_run();
  const std::string attack = "<script>alert(1)</script>\"' onload=x \x01\xFF";
  run.plan.promises.front().title = attack;
  run.plan.properties["image"] = attack;
  run.scenarios.front().steps.front().text = attack;
  Finding& finding = run.verdicts.front().requirements.front().findings.front().finding;
  finding.observed = attack;
  run.verdicts.front().requirements.front().source = "javascript:alert(1)";
  Timeline timeline = testing::broken_timeline();
  timeline.observations.front().what = Step{steps::Create{}, Step::Phase::kBegin, attack};
  const std::string page = html_page(run, {{"lifecycle", timeline}});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("href=\"javascript")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39; onload=x \xEF\xBF\xBD"));
}

TEST(Html, HoldsThePictureTheTablesAndTheEnvironment) {
  const std::string page = broken_page();
  for (const char* part :
       {"<svg", "class=\"pod Ready\"", "class=\"dns late\"", "<caption>Steps</caption>",
        "Measured, not judged", "Requests to the API server", "<h2>Environment</h2>", "v1.34.2"})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(Html, TellsOfAFindingWhenItWasAndWhereItsEvidenceIs) {
  const std::string page = broken_page();
  EXPECT_THAT(page, HasSubstr("<dd>+02.710s, which is 2026-03-01T10:00:02Z, in step create</dd>"));
  EXPECT_THAT(page, HasSubstr(R"(href="./evidence/ordered-creation/index.html")"));
  EXPECT_THAT(page, HasSubstr(R"(href="#scenario-lifecycle")"));
}

TEST(Html, AScenarioThatFailedIsToldAtTheTop) {
  RunResult run = testing::kept_run();
  run.scenarios.front().outcome = ScenarioResult::Outcome::kHarnessError;
  run.scenarios.front().sentence = "The disk is full.";
  run.scenarios.front().bundle = "evidence/lifecycle/index.html";
  const std::string page = html_page(run);
  EXPECT_THAT(page.substr(0, page.find("</header>")),
              ::testing::AllOf(HasSubstr("Scenario lifecycle failed"), HasSubstr("The disk is full.")));
  EXPECT_THAT(page, HasSubstr(R"(<a href="./evidence/lifecycle/index.html">Evidence.</a>)"));
}

TEST(Html, OfAnInterruptedRunSaysWhy) {
  const std::string page = html_page(testing::aborted_run());
  EXPECT_THAT(page, HasSubstr("<strong>Interrupted.</strong> Ctrl-C in step replace"));
  EXPECT_THAT(page, HasSubstr("scenario lifecycle was interrupted"));
}

TEST(LivesTable, SaysWhenEachPodWasThere) {
  const std::string table = lives_table(lanes_of(testing::kept_timeline(), testing::kept_run()));
  EXPECT_EQ(all_between(table, "<th scope=\"row\">", "<").size(), 9U);
}

TEST(LanesPicture, FlagsOfOneMomentDoNotCoverEachOther) {
  RunResult run = testing::broken_run();
  RequirementResult& requirement = run.verdicts.front().requirements.front();
  requirement.findings.resize(3, requirement.findings.front());
  const std::string svg = lanes_svg(lanes_of(testing::broken_timeline(), run));
  std::vector<double> places;
  for (const char* number : {"1", "2", "3"}) {
    const std::string mark = all_between(svg, std::string{"href=\"#finding-"} + number + "\"", "</a>").at(0);
    places.push_back(std::stod(all_between(mark, "<circle cx=\"", "\"").at(0)));
  }
  EXPECT_GE(places[1] - places[0], 19);
  EXPECT_GE(places[2] - places[1], 19);
}

TEST(Markup, LinksOnlyToTheWeb) {
  EXPECT_EQ(link("https://kubernetes.io/", "docs"), R"(<a href="https://kubernetes.io/">docs</a>)");
  EXPECT_EQ(link("file:///etc", "a<b"), "a&lt;b");
}

}  // namespace
}  // namespace stateproof::report
