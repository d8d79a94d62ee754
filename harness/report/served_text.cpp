#include "harness/report/served_text.h"

#include <fmt/format.h>

#include <vector>

#include "harness/report/markup.h"

namespace stateproof::report {
namespace {

constexpr const char* kNotRecovered = "not in time";

std::string seconds_text(double seconds) { return fmt::format("{:.2f} s", seconds); }
std::string share_text(double share) { return fmt::format("{:.1f} %", share); }
std::string recovery_text(const DisturbedService& one) {
  return one.recovery > 0 ? seconds_text(one.recovery) : kNotRecovered;
}
std::string value_text(double value, const Distribution& of) {
  if (of.count == 0) return "-";
  if (of.unit == "ms" && value >= 1000) return fmt::format("{:.1f} s", value / 1000);
  return fmt::format("{:.3g} {}", value, of.unit);
}
std::string count_text(const Distribution& one) {
  return one.beyond == 0 ? fmt::format("{}", one.count) : fmt::format("{}, {} beyond", one.count, one.beyond);
}

/// A heading and cells; the first column is text, the others are figures.
struct Table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

Table disruptions_table(const Served& served, const std::string& of, std::uint32_t seed) {
  Table table{fmt::format("Disruptions{}, seed {}", of, seed),
              {"disruption", "longest write gap", "availability", "recovery"},
              {}};
  for (const DisturbedService& one : served.disruptions)
    table.rows.push_back(
        {one.disruption, seconds_text(one.write_gap), share_text(one.availability), recovery_text(one)});
  return table;
}

Table distributions_table(const Served& served, const std::string& of) {
  Table table{fmt::format("Served to the clients{}", of),
              {"figure", "median", "p95", "p99", "largest", "measured"},
              {}};
  for (const Distribution& one : served.distributions)
    table.rows.push_back({one.name, value_text(one.median, one), value_text(one.p95, one),
                          value_text(one.p99, one), value_text(one.largest, one), count_text(one)});
  return table;
}

std::string text_row(const std::vector<std::string>& cells) {
  std::string text = fmt::format("  {:<35}", cells.front());
  const int width = cells.size() > 4 ? 12 : 20;
  for (std::size_t i = 1; i < cells.size(); ++i) text += fmt::format("{:>{}}", cells[i], width);
  return text + "\n";
}

std::string plain_table(const Table& table) {
  if (table.rows.empty()) return {};
  std::string text = table.caption + "\n" + text_row(table.columns);
  for (const auto& row : table.rows) text += text_row(row);
  return text;
}

std::string html_row(const std::vector<std::string>& cells, std::string_view element_name) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i)
    text += text_element(element_name, i == 0 ? "" : "class=\"number\"", cells[i]);
  return element("tr", "", text);
}

std::string html_table(const Table& table) {
  if (table.rows.empty()) return {};
  std::string rows;
  for (const auto& row : table.rows) rows += html_row(row, "td");
  return element(
      "div", R"(class="scroll" tabindex="0")",
      element("table", "",
              text_element("caption", "", table.caption) +
                  element("thead", "", html_row(table.columns, "th")) + element("tbody", "", rows)));
}

}  // namespace

std::string served_text(const Served& served, const std::string& scenario, std::uint32_t seed) {
  const std::string of = " of " + scenario;
  return plain_table(disruptions_table(served, of, seed)) + plain_table(distributions_table(served, of));
}

std::string served_tables(const Served& served, std::uint32_t seed) {
  return html_table(disruptions_table(served, {}, seed)) + html_table(distributions_table(served, {}));
}

std::map<std::string, std::string> served_properties(const Served& served) {
  std::map<std::string, std::string> properties;
  for (const DisturbedService& one : served.disruptions) {
    properties["write gap after " + one.disruption] = seconds_text(one.write_gap);
    properties["availability after " + one.disruption] = share_text(one.availability);
    properties["recovery after " + one.disruption] = recovery_text(one);
  }
  for (const Distribution& one : served.distributions)
    properties[one.name] = fmt::format(
        "median {}, p95 {}, p99 {}, largest {}, measured {}", value_text(one.median, one),
        value_text(one.p95, one), value_text(one.p99, one), value_text(one.largest, one), count_text(one));
  return properties;
}

}  // namespace stateproof::report
