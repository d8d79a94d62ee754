#include "harness/report/progress.h"

#include <gmock/gmock.h>

#include <latch>
#include <sstream>
#include <thread>
#include <vector>

namespace stateproof::report {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;

struct FakeClock {
  std::chrono::steady_clock::time_point now;
  SteadyClock reader() {
    return [this] { return now; };
  }
};

TEST(PlainProgress, ALineWhenAStepBeginsAndWhenItEnds) {
  FakeClock clock;
  std::ostringstream out;
  const auto progress = make_progress(out, {}, clock.reader());
  clock.now += 4200ms;
  progress->step_began("scale-down", "5 -> 2");
  progress->note("mariadb-4 to be gone");
  clock.now += 8100ms;
  progress->step_ended("scale-down", Step::Phase::kReached, "");
  EXPECT_EQ(out.str(),
            "[   4.2s] scale-down 5 -> 2 ...\n"
            "[  12.3s] scale-down 5 -> 2 ... done in 8.1s\n");
}

TEST(PlainProgress, AStepThatFailsSaysWhatItWaitedFor) {
  FakeClock clock;
  std::ostringstream out;
  const auto progress = make_progress(out, {}, clock.reader());
  progress->step_began("create", "");
  progress->note("mariadb-0\nto be Ready");
  clock.now += 180s;
  progress->step_ended("create", Step::Phase::kTimedOut, "mariadb-0 is Pending");
  EXPECT_THAT(out.str(), EndsWith("[ 180.0s] create ... TIMED OUT after 3m 00s: mariadb-0 is Pending; "
                                  "last waited for: mariadb-0 to be Ready\n"));
}

TEST(PlainProgress, WhoseStepItIsStandsInFront) {
  FakeClock clock;
  std::ostringstream out;
  const auto progress = make_progress(out, {.of = "halting"}, clock.reader());
  progress->step_began("release", "sleeper-0");
  progress->step_ended("release", Step::Phase::kReached, "");
  progress->step_ended("cleanup", Step::Phase::kReached, "");
  EXPECT_EQ(out.str(),
            "[   0.0s] halting: release sleeper-0 ...\n"
            "[   0.0s] halting: release sleeper-0 ... done in 0.0s\n"
            "[   0.0s] halting: cleanup ... done in 0.0s\n");
}

TEST(PlainProgress, AnEndWithoutABeginIsTold) {
  FakeClock clock;
  std::ostringstream out;
  make_progress(out, {}, clock.reader())->step_ended("create", Step::Phase::kFailed, "refused");
  EXPECT_EQ(out.str(), "[   0.0s] create ... FAILED after 0.0s: refused\n");
}

ProgressStyle terminal(std::size_t columns = 100) { return {true, false, true, columns, ""}; }

TEST(LiveProgress, TheLineIsDrawnAgainInPlaceAndThenStays) {
  FakeClock clock;
  std::ostringstream out;
  LiveProgress progress(out, terminal(), clock.reader());
  progress.step_began("scale-up", "3 -> 5");
  clock.now += 1500ms;
  progress.note("mariadb-3 to be Ready");
  clock.now += 500ms;
  progress.redraw();
  clock.now += 1s;
  progress.step_ended("scale-up", Step::Phase::kReached, "");
  EXPECT_EQ(out.str(),
            "\r\x1B[2K… scale-up 3 -> 5  0.0s"
            "\r\x1B[2K… scale-up 3 -> 5  2.0s  mariadb-3 to be Ready"
            "\r\x1B[2K✓ scale-up 3 -> 5  3.0s\n");
}

TEST(LiveProgress, ALongNoteIsCutSoThatTheLineDoesNotWrap) {
  FakeClock clock;
  std::ostringstream out;
  LiveProgress progress(out, terminal(30), clock.reader());
  progress.step_began("create", "3");
  out.str("");
  progress.note("mariadb-0 to be scheduled to a node");
  progress.redraw();
  EXPECT_EQ(out.str(), "\r\x1B[2K… create 3  0.0s  mariadb-...");
}

TEST(LiveProgress, WhatIsToldStandsAboveTheLine) {
  FakeClock clock;
  std::ostringstream out;
  LiveProgress progress(out, terminal(), clock.reader());
  progress.step_began("create", "3");
  out.str("");
  progress.tell("removing namespace\x1B[2J a");
  EXPECT_EQ(out.str(), "") << "whoever tells may hold a lock, and the terminal may be stopped";
  progress.redraw();
  EXPECT_EQ(out.str(), "\r\x1B[2Kremoving namespace a\n\r\x1B[2K… create 3  0.0s");
}

/// A terminal on which Ctrl-S was pressed, until it is let go on.
class StoppedTerminal : public std::stringbuf {
 public:
  std::latch reached{1};
  std::latch goes_on{1};

 protected:
  int sync() override {
    reached.count_down();
    goes_on.wait();
    return 0;
  }
};

TEST(LiveProgress, NobodyWhoNotesOrTellsWaitsForAStoppedTerminal) {
  FakeClock clock;
  StoppedTerminal terminal_that_stands;
  std::ostream out(&terminal_that_stands);
  LiveProgress progress(out, terminal(), clock.reader());
  std::jthread drawing([&] { progress.step_began("create", "3"); });
  terminal_that_stands.reached.wait();
  progress.note("mariadb-0 to be Ready");
  progress.tell("the lease is renewed again");
  terminal_that_stands.goes_on.count_down();
}

TEST(LiveProgress, NothingIsDrawnBetweenSteps) {
  FakeClock clock;
  std::ostringstream out;
  LiveProgress progress(out, terminal(), clock.reader());
  progress.redraw();
  progress.note("nothing");
  EXPECT_EQ(out.str(), "");
}

TEST(LiveProgress, AnUnfinishedLineIsLeftWhole) {
  FakeClock clock;
  std::ostringstream out;
  {
    LiveProgress(out, terminal(), clock.reader()).step_began("create", "");
  }
  EXPECT_THAT(out.str(), EndsWith("create  0.0s\n"));
}

TEST(Progress, MayBeUsedBySeveralThreads) {
  std::ostringstream out;
  {
    const auto progress = make_progress(out, terminal());
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&progress] {
        for (int round = 0; round < 50; ++round) {
          progress->step_began("step", "");
          progress->note("x");
          progress->step_ended("step", Step::Phase::kReached, "");
        }
      });
  }
  EXPECT_THAT(out.str(), HasSubstr("✓ step"));
}

TEST(NoProgress, SaysNothing) {
  const auto progress = no_progress();
  progress->step_began("create", "");
  progress->step_ended("create", Step::Phase::kReached, "");
}

}  // namespace
}  // namespace stateproof::report
