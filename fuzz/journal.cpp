// What the ledger's clients wrote down, as it is read again after they were killed.
#include "fixtures/ledger/journal.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "fuzz/target.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("journal", 0);
  [[maybe_unused]] const ssize_t written = ::write(file, data, size);
  {
    const ledger::Journal journal("/proc/self/fd/" + std::to_string(file));
    (void)journal.first_free(0);
  }
  ::close(file);
  return 0;
}
