#pragma once

#include <sys/types.h>

namespace stateproof::cli {

/// From now on the files of this process are for nobody else: recordings and evidence show what is in
/// somebody's cluster.
void keep_files_private();

/// What the user had set before, for the commands of his own that he has us run.
mode_t users_umask();

}  // namespace stateproof::cli
