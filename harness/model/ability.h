#pragma once

#include <string_view>

/// What a workload must have or be so that something can be judged on it: the keys of steps::Scope. They are
/// part of the recording's schema.
namespace stateproof::ability {

inline constexpr std::string_view kOrder = "order";                      ///< podManagementPolicy OrderedReady
inline constexpr std::string_view kClaims = "claims";                    ///< volumeClaimTemplates
inline constexpr std::string_view kClaimsStay = "claims stay";           ///< retention policy Retain, twice
inline constexpr std::string_view kScaledGo = "scaled claims go";        ///< whenScaled Delete
inline constexpr std::string_view kDeletedStay = "deleted claims stay";  ///< whenDeleted Retain
inline constexpr std::string_view kDeletedGo = "deleted claims go";      ///< whenDeleted Delete
inline constexpr std::string_view kNames = "names";           ///< a headless Service, and a place to ask from
inline constexpr std::string_view kHostNames = "host names";  ///< `cat` in the image
inline constexpr std::string_view kMounts = "mounts";         ///< `cat` in the image, and claims
inline constexpr std::string_view kFiles = "files";           ///< `sh` in the image, and claims
inline constexpr std::string_view kEviction = "eviction";     ///< a budget that allows one
inline constexpr std::string_view kRoll = "rolling update";   ///< RollingUpdate without a partition
inline constexpr std::string_view kOneByOne = "one by one";   ///< maxUnavailable 1
inline constexpr std::string_view kOnDelete = "update on delete";  ///< OnDelete
inline constexpr std::string_view kKill = "kill";                  ///< a command that kills the server
inline constexpr std::string_view kRecords = "records";            ///< commands that write and read
inline constexpr std::string_view kSurvival = "survival";          ///< records that outlive pods
inline constexpr std::string_view kOnce = "once";                  ///< no record is read twice

}  // namespace stateproof::ability
