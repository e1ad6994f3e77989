// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/adapters/system/segment_log.h"
#include "homeostat/base/result.h"
#include "homeostat/loop/input.h"
#include "homeostat/loop/loop.h"

namespace homeostat::runtime {

/// What a journal begins with: enough to decide its entries again.
struct JournalHeader {
    std::uint32_t format = 1;
    std::string program;      // version that wrote it
    std::string fingerprint;  // of the configuration and of the program: decisions repeat only with the same
    json::Value config;       // all that decides: see loop_config.h
    loop::Carryover carryover;

    static constexpr auto describe() {
        return std::tuple{field("format", &JournalHeader::format), field("program", &JournalHeader::program),
                          field("fingerprint", &JournalHeader::fingerprint),
                          field("config", &JournalHeader::config),
                          field("carryover", &JournalHeader::carryover)};
    }
};

/// The loop's inputs, each durable before it is applied. A journal belongs to one configuration: a folder
/// holds one journal after the other, numbered.
class Journal {
public:
    /// Opens the newest journal below `folder`; empty when there is none. Errors: those of SegmentLog, or
    /// `data_loss` for a header or an entry that cannot be read.
    [[nodiscard]] static Result<std::optional<Journal>> open_newest(const std::filesystem::path& folder);

    /// Begins a journal after the newest one.
    [[nodiscard]] static Result<Journal> begin(const std::filesystem::path& folder, JournalHeader header);

    [[nodiscard]] const JournalHeader& header() const { return header_; }

    /// Makes the entry durable. On error nothing was written.
    [[nodiscard]] Result<> append(const loop::JournalEntry& entry);

    /// Hands all entries over, oldest first.
    [[nodiscard]] Result<> replay(const std::function<Result<>(const loop::JournalEntry&)>& apply) const;

private:
    Journal(system::SegmentLog log, JournalHeader header)
        : log_(std::move(log)), header_(std::move(header)) {}

    system::SegmentLog log_;
    JournalHeader header_;
};

/// Reads a journal's folder that another process may be writing. `on_header` comes first, once.
[[nodiscard]] Result<> read_journal(const std::filesystem::path& folder,
                                    const std::function<Result<>(const JournalHeader&)>& on_header,
                                    const std::function<Result<>(const loop::JournalEntry&)>& on_entry);

/// The folders below `folder` of the journals that were begun, oldest first.
[[nodiscard]] std::vector<std::filesystem::path> list_journals(const std::filesystem::path& folder);

}  // namespace homeostat::runtime
