#pragma once

#include <utility>

#include "harness/model/timeline.h"

namespace stateproof {

/// The one fold of what a watch tells: objects by name, as they are now. An object ends with its own UID and
/// with no other: after a gap the successor of a name may be listed before its former bearer is told as gone.
/// `known` maps a key to an object or to a pointer to one.
template <class Objects, class Object>
void take_in(Objects& known, const typename Objects::key_type& key, Object&& object, Change change) {
  const auto meta = [](const auto& one) -> const ObjectMeta& {
    if constexpr (requires { one->meta; })
      return one->meta;
    else
      return one.meta;
  };
  if (change != Change::kDeleted) {
    known.insert_or_assign(key, std::forward<Object>(object));
    return;
  }
  const auto found = known.find(key);
  if (found != known.end() && meta(found->second).ref.uid == meta(object).ref.uid) known.erase(found);
}

}  // namespace stateproof
