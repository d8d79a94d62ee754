#pragma once

#include <string>

#include "harness/monitor/scene.h"

namespace stateproof::monitor {

/// What a log says of an object, in one line; a change that does not change this line is not printed.

std::string statement(const StatefulSet& set);
std::string statement(const Pod& pod, const Details& details, const Target& target);
std::string statement(const Claim& claim, const Details& details);
std::string statement(const Volume& volume);
std::string statement(const Service& service);
std::string statement(const Endpoint& endpoint);
std::string statement(const SeenEvent& event);

/// "Terminating", "CrashLoopBackOff", "Running": the word that says most.
std::string state_of(const Pod& pod);
std::string state_of(const Claim& claim);
std::string state_of(const Endpoint& endpoint);
/// Why a pod is not what it should be: unscheduled, without an owner, held; empty when nothing is to be said.
std::string remark(const Pod& pod, const Target& target);
int restarts(const Pod& pod);
/// Hash of the pod's revision, without the set's name: "7c9f8d".
std::string short_revision(const std::string& revision, const std::string& set);
/// What a stranger wrote, in one line and without what a terminal obeys.
std::string tamed(const std::string& text);
/// "4s", "12m", "3h10m", "2d4h": of two times of which one may be by another clock, so never negative.
std::string age_text(std::optional<Timestamp> since, Timestamp now);

}  // namespace stateproof::monitor
