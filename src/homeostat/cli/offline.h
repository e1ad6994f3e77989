// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "homeostat/base/result.h"
#include "homeostat/cli/command.h"
#include "homeostat/model/audit_record.h"

/// For the commands that read a node's data directory; the node may be running meanwhile.
namespace homeostat::cli {

[[nodiscard]] inline Argument data_dir_argument(std::string& data_dir) {
    return of_files(argument("--data-dir", data_dir, "The node's data directory (node.data_dir)."));
}

/// Hands the audit records over, oldest first. Errors: `not_found` naming the directory and the cure, and
/// those of read_audit.
[[nodiscard]] Result<> read_audit_of(const std::filesystem::path& data_dir,
                                     const std::function<void(const model::AuditRecord&)>& on_record);

/// "2026-01-31 12:00:01.250" in UTC, for tables.
[[nodiscard]] std::string short_time(EventTime time);

}  // namespace homeostat::cli
