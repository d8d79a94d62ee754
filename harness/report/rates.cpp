#include "harness/report/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness/model/steps.h"
#include "harness/report/lanes_svg.h"
#include "harness/report/markup.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

using namespace std::chrono_literals;

constexpr double kRatesTop = 40;  // names of disruptions
constexpr double kHeight = 120;
constexpr double kBelow = 8;
constexpr double kRatesLetter = 6.0;
constexpr std::size_t kColumns = 300;

Elapsed end_of(const Timeline& timeline) {
  return timeline.observations.empty() ? Elapsed{0} : timeline.observations.back().at;
}

struct Counts {
  std::vector<double> acknowledged;
  std::vector<double> refused;
  std::vector<double> reads;
};

class Picture {
 public:
  explicit Picture(const Rates& rates) : rates_(rates) {
    for (const Rates::Bucket& bucket : rates.buckets)
      top_ = std::max({top_, bucket.acknowledged, bucket.refused, bucket.reads});
  }

  [[nodiscard]] std::string draw() const {
    std::string content = disturbances();
    content += axis();
    content += area();
    content += bars();
    content += line();
    return element(
        "svg",
        fmt::format(R"(viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="writes and reads a second")",
                    kPictureWidth, kRatesTop + kHeight + kBelow),
        content);
  }

 private:
  [[nodiscard]] double x(Elapsed at) const {
    const double end = std::max(std::chrono::duration<double>(rates_.end).count(), 0.001);
    return kPictureLeft +
           std::chrono::duration<double>(at).count() / end * (kPictureWidth - kPictureLeft - kPictureRight);
  }
  [[nodiscard]] double y(double rate) const { return kRatesTop + kHeight * (1 - rate / top_); }
  [[nodiscard]] double middle(const Rates::Bucket& bucket) const { return x(bucket.from + rates_.width / 2); }

  // Names that would stand on each other go to another row, and then only into the tooltip.
  [[nodiscard]] std::string disturbances() const {
    std::string text;
    double free_from[3] = {0, 0, 0};
    for (const Rates::Disturbance& one : rates_.disturbances) {
      const double left = x(one.from);
      const double width = std::max(x(one.to) - left, 2.0);
      text += element(
          "rect",
          fmt::format(R"(x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="disturbance")", left,
                      kRatesTop, width, kHeight),
          text_element("title", "",
                       fmt::format("{}, {} to {}", one.name, moment_text(one.from), moment_text(one.to))));
      const double needed = static_cast<double>(columns(one.name)) * kRatesLetter;
      for (int row = 0; row < 3; ++row)
        if (free_from[row] <= left && left + needed < kPictureWidth) {
          free_from[row] = left + needed + 6;
          text += text_element("text",
                               fmt::format(R"(x="{:.1f}" y="{:.1f}" class="disturbance-name")", left,
                                           kRatesTop - 4 - 11 * row),
                               one.name);
          break;
        }
    }
    return text;
  }

  [[nodiscard]] std::string axis() const {
    std::string text;
    for (const double rate : {0.0, top_ / 2, top_}) {
      text += fmt::format(R"(<line x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" class="tick"/>)",
                          kPictureLeft, kPictureWidth - kPictureRight, y(rate), y(rate));
      text += text_element(
          "text", fmt::format(R"(x="{:.1f}" y="{:.1f}" class="row-name")", kPictureLeft - 6, y(rate) + 4),
          fmt::format("{:.0f}/s", rate));
    }
    return text;
  }

  [[nodiscard]] std::string area() const {
    std::string points = fmt::format("{:.1f},{:.1f}", kPictureLeft, y(0));
    for (const Rates::Bucket& bucket : rates_.buckets)
      points += fmt::format(" {:.1f},{:.1f}", middle(bucket), y(bucket.acknowledged));
    points += fmt::format(" {:.1f},{:.1f}", middle(rates_.buckets.back()), y(0));
    return element("polygon", fmt::format(R"(points="{}" class="writes")", points),
                   text_element("title", "", "acknowledged writes per second"));
  }

  [[nodiscard]] std::string line() const {
    std::string points;
    for (const Rates::Bucket& bucket : rates_.buckets)
      points += fmt::format("{:.1f},{:.1f} ", middle(bucket), y(bucket.reads));
    return element("polyline", fmt::format(R"(points="{}" class="reads")", points),
                   text_element("title", "", "reads a second"));
  }

  [[nodiscard]] std::string bars() const {
    std::string text;
    for (const Rates::Bucket& bucket : rates_.buckets)
      if (bucket.refused > 0)
        text += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="refused"/>)",
                            x(bucket.from), y(bucket.refused),
                            std::max(x(bucket.from + rates_.width) - x(bucket.from), 1.0),
                            y(0) - y(bucket.refused));
    return text;
  }

  const Rates& rates_;
  double top_ = 1;
};

}  // namespace

Rates rates_of(const Timeline& timeline) {
  Rates rates;
  rates.end = end_of(timeline);
  rates.width = std::max<Elapsed>(500ms, rates.end / kColumns);
  const auto size = static_cast<std::size_t>(rates.end / rates.width) + 1;
  Counts counts{std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  const double share = 1 / std::chrono::duration<double>(rates.width).count();
  const auto count = [&](std::vector<double>& of, Elapsed at) {
    of[std::min(static_cast<std::size_t>(std::max<Elapsed>(at, 0us) / rates.width), size - 1)] += share;
  };
  bool any = false;
  const Observation* disturbed = nullptr;
  for (const Observation& seen : timeline) {
    if (const auto* writes = seen.as<LedgerWrites>()) {
      any = any || !writes->ended.empty();
      for (std::size_t i = 0; i < writes->ended.size(); ++i)
        count(writes->ended[i] == static_cast<char>(WriteOutcome::kOk) ? counts.acknowledged : counts.refused,
              writes->began[i] + writes->took[i]);
    }
    if (const auto* read = seen.as<LedgerRead>(); read != nullptr && read->ok)
      count(counts.reads, read->began + read->took);
    const Step* step = seen.as<Step>();
    if (step == nullptr) continue;
    if (step->is<steps::Disturb>() && step->phase == Step::Phase::kBegin) disturbed = &seen;
    if (step->is<steps::Recover>() && step->phase != Step::Phase::kBegin && disturbed != nullptr)
      rates.disturbances.push_back(
          {step->as<steps::Recover>()->disruption.value_or(""), disturbed->at, seen.at});
  }
  if (!any) return {};
  for (std::size_t i = 0; i < size; ++i)
    rates.buckets.push_back({rates.width * static_cast<std::int64_t>(i), counts.acknowledged[i],
                             counts.refused[i], counts.reads[i]});
  return rates;
}

std::string rates_svg(const Rates& rates) {
  return rates.buckets.empty() ? std::string{} : Picture(rates).draw();
}

std::string rates_legend() {
  const auto item = [](std::string_view css, std::string_view text) {
    return element(
        "span", "",
        fmt::format(
            R"(<svg viewBox="0 0 18 12" aria-hidden="true"><rect width="18" height="12" class="{}"/></svg> )",
            css) +
            escaped(text));
  };
  return element("div", R"(class="legend")",
                 item("writes", "acknowledged writes") +
                     item("refused", "writes that failed or have an unknown outcome") +
                     item("reads-key", "reads from all members") +
                     item("disturbance", "disruption, until service is restored"));
}

}  // namespace stateproof::report
