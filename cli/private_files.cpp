#include "cli/private_files.h"

#include <sys/stat.h>

namespace stateproof::cli {
namespace {

mode_t& former() {
  static mode_t umask = S_IWGRP | S_IWOTH;
  return umask;
}

}  // namespace

void keep_files_private() { former() = ::umask(S_IRWXG | S_IRWXO); }

mode_t users_umask() { return former(); }

}  // namespace stateproof::cli
