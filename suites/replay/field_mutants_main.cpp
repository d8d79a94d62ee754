#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "suites/catalogue.h"
#include "suites/replay/field_mutants.h"
#include "suites/replay/harmless.h"
#include "suites/replay/recordings.h"

// field_mutants [SEED [COUNT [SCENARIO]]]: how many of COUNT mutants of the good recordings are named, by
// whom, and which are not.
namespace stateproof::replay {
namespace {

struct Line {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string kind;
  std::string told;
  std::set<std::string> named_by;
  std::string doubt;
};

Line judged(const Timeline& good, std::uint64_t seed) {
  const FieldMutant mutant = field_mutant(good, seed);
  Line line{good.header.scenario, seed, mutant.kind, mutant.told, {}, {}};
  if (mutant.timeline.observations.empty()) return line;
  for (const Promise& promise : catalogue()) {
    if (promise.scenario != good.header.scenario) continue;
    for (const RequirementVerdict& one : judge(promise, mutant.timeline).requirements) {
      if (one.verdict.outcome == Outcome::kNonconformant) line.named_by.emplace(one.requirement->id);
      if (one.verdict.outcome == Outcome::kInconclusive)
        line.doubt = fmt::format("{}: {}", one.requirement->id, one.verdict.reason);
    }
  }
  return line;
}

bool by_model(const Line& line) {
  return std::any_of(line.named_by.begin(), line.named_by.end(),
                     [](const std::string& id) { return id.starts_with("MOD-"); });
}

std::vector<Line> play(std::uint64_t seed, std::size_t count, const std::string& only) {
  std::vector<const Timeline*> goods;
  for (const auto& [scenario, good] : good_recordings())
    if (only.empty() || scenario == only) goods.push_back(&good);
  std::vector<Line> lines(count);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++)
      for (std::uint64_t again = 0; again < 50 && lines[i].kind.empty(); ++again)
        lines[i] = judged(*goods[i % goods.size()], (seed * 1'000'003 + i) * 64 + again);
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
  threads.clear();
  std::erase_if(lines, [](const Line& line) { return line.kind.empty(); });
  return lines;
}

void tell(const std::vector<Line>& lines) {
  struct Row {
    int all = 0;
    int named = 0;
    int by_model = 0;
  };
  std::map<std::string, Row> rows;
  Row total;
  std::map<std::string, int> oracles;
  for (const Line& line : lines) {
    for (Row* row : {&rows[line.kind.substr(0, line.kind.find(' '))], &total}) {
      ++row->all;
      row->named += line.named_by.empty() ? 0 : 1;
      row->by_model += by_model(line) ? 1 : 0;
    }
    for (const std::string& id : line.named_by) ++oracles[id];
    if (line.named_by.empty())
      std::cout << fmt::format(
          "survives  {:12} seed {}: {}{}\n", line.scenario, line.seed, line.told,
          line.doubt.empty() ? "" : "\n          in doubt, " + line.doubt.substr(0, 200));
  }
  const auto text = [](const std::string& name, const Row& row) {
    return fmt::format("{:24} {:5} mutants, {:5} named ({:.1f} %), {:5} by the reference model\n", name,
                       row.all, row.named, 100.0 * row.named / std::max(row.all, 1), row.by_model);
  };
  for (const auto& [kind, row] : rows) std::cout << text(kind, row);
  std::cout << text("all", total);
  for (const auto& [id, count] : oracles) std::cout << fmt::format("named by {:8} {}\n", id, count);
}

}  // namespace
}  // namespace stateproof::replay

int main(int count, char** arguments) {
  const auto number = [&](int at, std::uint64_t otherwise) {
    return count > at ? std::strtoull(arguments[at], nullptr, 10) : otherwise;
  };
  const std::string scenario = count > 3 ? arguments[3] : "";
  stateproof::replay::tell(stateproof::replay::play(number(1, 1), number(2, 500), scenario));
  return 0;
}
