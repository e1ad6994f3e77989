// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "homeostat/adapters/actuate/spawn/file_descriptor.h"
#include "homeostat/base/result.h"

namespace homeostat::actuate {

/// What a new process gets. It gets nothing else: no descriptor, signal mask or variable of ours.
struct SpawnSpec {
    std::string program;                   // absolute path; never searched for, never given to a shell
    std::vector<std::string> args;         // after argv[0]
    std::vector<std::string> environment;  // "NAME=value"
    std::string directory;                 // working directory; empty: ours
    /// Number in the child, then our descriptor. 0, 1 and 2 are the null device unless given.
    std::vector<std::pair<int, int>> descriptors;
    std::vector<std::pair<__rlimit_resource, rlim_t>> limits;
};

/// A running child. The owner must reap() it after the pidfd has become readable.
struct Child {
    pid_t pid = 0;         // also the id of its process group
    FileDescriptor pidfd;  // readable once the process has ended
};

/// How a process ended.
struct Exit {
    int code = 0;    // of exit(), when signal is 0
    int signal = 0;  // that killed it, or 0
};
/// "exit 1" or "signal 9".
[[nodiscard]] std::string to_string(const Exit& exit);

/// Starts a process as the leader of a group of its own. It is killed when the calling *thread* ends, so
/// that nothing outlives us, however we die: call from a thread that lives as long as the child shall.
/// Errors: `not_found` or `permission_denied` for a program that cannot be run, `resource_exhausted`
/// when the system is out of processes or descriptors.
[[nodiscard]] Result<Child> spawn(const SpawnSpec& spec);

/// Kills what is left of the child's group, and collects an ended child. Blocks while it still runs.
Exit reap(const Child& child);

/// Signals the child's whole group. Only before reap().
void signal_group(const Child& child, int signal);

}  // namespace homeostat::actuate
