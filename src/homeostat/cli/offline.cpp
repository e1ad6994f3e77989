// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/offline.h"

#include <fmt/format.h>

#include "homeostat/runtime/audit_log.h"

namespace homeostat::cli {

Result<> read_audit_of(const std::filesystem::path& data_dir,
                       const std::function<void(const model::AuditRecord&)>& on_record) {
    auto read = runtime::read_audit(data_dir / "audit", [&](const model::AuditRecord& record) -> Result<> {
        on_record(record);
        return {};
    });
    if (!read && read.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found,
                    fmt::format("{} holds no audit log; name the node's data directory (node.data_dir of its "
                                "configuration) with --data-dir",
                                data_dir.string()));
    }
    return read;
}

std::string short_time(EventTime time) {
    auto text = format_rfc3339(time);  // 2026-01-31T12:00:01.250000000Z
    text[text.find('T')] = ' ';
    return text.substr(0, text.find('.') + 4);
}

}  // namespace homeostat::cli
