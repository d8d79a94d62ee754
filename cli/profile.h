#pragma once

#include <string>

#include "cli/commands.h"
#include "cli/delivery.h"

namespace stateproof::cli {

struct ProfileOptions {
  BeginOptions begin;
  int parallel = 0;  ///< scenarios side by side; 0: as many as the profile is made for
  DeliveryOptions delivery = {};
  bool is_fetched = false;  ///< its results are brought elsewhere, and the summary is printed there
};

/// A whole run: plans it, plays its scenarios side by side, judges each as it ends, reports and cleans up.
/// The exit code is that of its report.
int run_profile(const ProfileOptions& options);

/// One such run for each StorageClass of the cluster that provisions volumes, one after the other, each in a
/// folder of its name. Broken anywhere is broken; otherwise the worst exit code of them.
int run_profile_on_every_class(const ProfileOptions& options);

/// About how long it takes.
int seconds_of(const ProfileOptions& options);

/// What run_profile would do: scenarios, time, namespaces, image, rights. Asks no cluster.
std::string dry_run_text(const ProfileOptions& options);

}  // namespace stateproof::cli
