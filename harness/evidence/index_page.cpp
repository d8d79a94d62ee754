#include "harness/evidence/index_page.h"

#include <fmt/format.h>

#include "harness/report/markup.h"
#include "harness/report/text.h"

namespace stateproof::evidence {
namespace {

using report::element;
using report::escaped;
using report::text_element;

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark}body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem;font:1rem/1.5 "
    "system-ui,sans-serif;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}td{padding:.25rem "
    ".6rem .25rem 0;vertical-align:baseline;border-top:1px solid #8888}.number{text-align:right;white-space:"
    "nowrap}li{margin:.3rem 0}";

std::string size_text(std::size_t bytes) {
  return bytes < 10'000 ? fmt::format("{} B", bytes) : fmt::format("{} KiB", bytes / 1024);
}

std::string anchor(const std::string& path, const std::string& text) {
  return text_element("a", fmt::format(R"(href="{}")", escaped(path)), text);
}

std::string verdict_item(const report::PromiseResult& verdict) {
  std::string text =
      anchor(finding_file(verdict), verdict.title) + " (" + escaped(to_text(verdict.outcome)) + ")";
  for (const report::RequirementResult& one : verdict.requirements)
    if (one.outcome == verdict.outcome && !one.findings.empty())
      text += "<br>" + escaped(fmt::format("{}: {}: {}", one.id, one.findings.front().finding.object.text(),
                                           one.findings.front().finding.observed));
    else if (one.outcome == verdict.outcome && !one.reason.empty())
      text += "<br>" + escaped(one.id + ": " + one.reason);
  return element("li", "", text);
}

std::string why(const Request& request) {
  std::string items;
  for (const report::PromiseResult& verdict : request.verdicts) items += verdict_item(verdict);
  if (!request.trouble.empty()) items += text_element("li", "", request.trouble);
  return items.empty() ? items : "<h2>Why it was collected</h2>" + element("ul", "", items);
}

std::string files(const Bundle& bundle) {
  std::string rows;
  for (const Bundle::File& file : bundle.files())
    rows += element("tr", "",
                    element("td", "", anchor(file.path, file.path)) + text_element("td", "", file.about) +
                        text_element("td", R"(class="number")", size_text(file.bytes)));
  return "<h2>What is included</h2>" + element("table", "", rows);
}

std::string missing(const Bundle& bundle) {
  std::string items;
  for (const std::string& sentence : bundle.missing()) items += text_element("li", "", sentence);
  return items.empty() ? items : "<h2>What is missing</h2>" + element("ul", "", items);
}

}  // namespace

std::string finding_file(const report::PromiseResult& verdict) {
  return fmt::format("findings/{}.txt", verdict.id);
}

std::string index_page(const Request& request, const Bundle& bundle) {
  const Header& header = request.timeline.header;
  const std::string title = "Evidence of scenario " + header.scenario;
  const std::string back =
      request.page.empty() ? "" : element("p", "", anchor(request.page, "report of the run"));
  const std::string body =
      text_element("h1", "", title) + back +
      text_element("p", "",
                   fmt::format("Run {}, collected after the scenario and before the clean-up. Secrets are "
                               "not read, and anything that looks like a credential was removed.",
                               header.run)) +
      why(request) + files(bundle) + missing(bundle);
  const std::string head =
      R"(<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">)"
      R"(<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">)" +
      text_element("title", "", title) + element("style", "", kStyle);
  return "<!doctype html>\n" +
         element("html", R"(lang="en")",
                 element("head", "", head) + element("body", "", element("main", "", body))) +
         "\n";
}

}  // namespace stateproof::evidence
