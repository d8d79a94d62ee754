#include "harness/report/html.h"

namespace stateproof::report {

std::string html_page(const RunResult&, const std::map<std::string, Timeline>&) {
  return "<!doctype html><title>Stateproof</title>";
}

}  // namespace stateproof::report
