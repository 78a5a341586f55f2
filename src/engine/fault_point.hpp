// A fault at a chosen entry of the journal, for the tests of what follows from one: $MS2M_FAULT is STEP:POINT:MODE.
//   STEP   an entry as EntryWatch names it: the number of an effect, pivot, turned_back, may_have_served or move
//   POINT  begin, begun, done or ended (EntryWatch::Point)
//   MODE   kill    SIGKILL of itself
//          stop    SIGSTOP of itself; it goes on when somebody continues it
//          hang    nothing happens any more until the run is interrupted or kHang is over, then that is thrown
//          fail    Error{failed}; an undo or a finish does the rest all the same, as after a failure to write
//          cancel  SIGINT of itself, as one Ctrl-C
// It happens once a process, the first time that one gets there, whether it migrates, resumes or aborts. The second
// half of a StatefulSet's shadow, a migration of its own within the first, has none. Only in builds with the CMake
// option MS2M_FAULTS; any other does not know the variable.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ms2m/entry_watch.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Longer than the dead man's usual time.
inline constexpr std::chrono::seconds kHang{20};

/// Null: none is asked for, or this build knows none. `variable` gives the value of one of the environment. `stop` is
/// the whole run's. Error{usage}: it is none.
std::unique_ptr<EntryWatch> fault_point(const std::function<std::optional<std::string>(const char* name)>& variable,
                                        const StopToken& stop);

}  // namespace ms2m
