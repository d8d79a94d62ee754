#pragma once

#include <string>
#include <string_view>

namespace stateproof::report {

/// For text and for attributes in double quotes, in HTML and in SVG. Every text that comes from outside goes
/// through it.
std::string escaped(std::string_view text);

/// "<name attributes>content</name>"; the content is markup already.
std::string element(std::string_view name, std::string_view attributes, std::string_view content);

/// The same for a text that is not markup.
std::string text_element(std::string_view name, std::string_view attributes, std::string_view text);

/// A link when the address is one of the web, else the text alone.
std::string link(std::string_view address, std::string_view text);

}  // namespace stateproof::report
