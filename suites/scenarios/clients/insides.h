#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "harness/kube/exec.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// Runs a command in the subject's container of that pod. The error is a sentence: it could not be run, or
/// ended with an exit code other than 0.
tl::expected<std::string, std::string> run_inside(const Stage& stage, const std::string& pod,
                                                  const std::vector<std::string>& command,
                                                  const std::string& input = {});

/// The names by which the container knows its host; the image needs `cat`.
tl::expected<HostNameSeen, std::string> host_names_of(const Stage& stage, const std::string& pod);

/// What is mounted at each of these paths, by the container's own mount table; the image needs `cat`.
tl::expected<std::vector<MountSeen>, std::string> mounts_of(const Stage& stage, const std::string& pod,
                                                            const std::vector<std::string>& paths);

/// A file with a payload of its own in each place where a member has a claim mounted. What is written and
/// found again goes into the recording, as rows whose keys are the paths of the files. The image needs `sh`.
class MemberFiles {
 public:
  MemberFiles(Stage& stage, std::vector<std::string> paths) : stage_(stage), paths_(std::move(paths)) {}

  /// Gives why it could not be written; empty when it was.
  std::string write(Ordinal ordinal);
  /// Reads all files of ours that are there, those of other members, too.
  void read(Ordinal ordinal);

 private:
  [[nodiscard]] SqlOperation begin(SqlOperation::Kind kind, Ordinal ordinal) const;
  [[nodiscard]] std::vector<std::string> command(const char* script,
                                                 const std::vector<std::string>& of) const;

  Stage& stage_;
  const std::vector<std::string> paths_;
};

}  // namespace stateproof::scenarios
