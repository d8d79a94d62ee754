#pragma once

namespace stateproof::scenarios {

class Stage;

/// What each scenario plays on its stage. A play ends by returning, or by an exception of stage.h.

/// The database is created, each pod replaced, the set scaled 3 -> 5 -> 2 -> 3.
void play_lifecycle(Stage& stage);
/// Pods that are held unready hold up what comes after them.
void play_halting(Stage& stage);

}  // namespace stateproof::scenarios
