#include "harness/kube/line_splitter.h"

namespace stateproof::kube {

std::optional<std::string> LineSplitter::next() {
  const auto end = overlong_ ? std::string::npos : buffer_.find('\n', scanned_);
  const auto size = (end == std::string::npos ? buffer_.size() : end) - begin_;
  if (size > limit_) {
    overlong_ = true;
    buffer_.clear();
    begin_ = scanned_ = 0;
    return std::nullopt;
  }
  if (end == std::string::npos) {
    buffer_.erase(0, begin_);
    begin_ = 0;
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  std::string line = buffer_.substr(begin_, size);
  begin_ = scanned_ = end + 1;
  return line;
}

}  // namespace stateproof::kube
