// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/journal.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace homeostat::runtime {
namespace {

namespace fs = std::filesystem;

/// Journals are numbered folders: 000001, 000002, …
std::uint64_t number_of(const fs::path& folder) {
    const auto name = folder.filename().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc{} && end == name.data() + name.size() ? number : 0;
}

std::uint64_t newest_number(const fs::path& folder) {
    std::uint64_t newest = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
        newest = std::max(newest, number_of(entry.path()));
    return newest;
}

fs::path path_of(const fs::path& folder, std::uint64_t number) {
    return folder / fmt::format("{:06}", number);
}

template <class T>
Result<T> decode(std::string_view bytes, system::Offset offset) {
    auto json = json::parse(bytes);
    if (json) {
        auto value = from_json<T>(*json);
        if (value) return *std::move(value);
        json = std::unexpected(value.error());
    }
    return fail(ErrorCode::data_loss,
                fmt::format("record {} of the journal cannot be read: {}", offset, json.error().message));
}

Result<> read_entries(system::SegmentReader& reader,
                      const std::function<Result<>(const loop::JournalEntry&)>& apply) {
    for (;;) {
        const auto offset = reader.offset();
        HOMEOSTAT_TRY(const auto bytes, reader.next());
        if (!bytes) return {};
        HOMEOSTAT_TRY(const auto entry, decode<loop::JournalEntry>(*bytes, offset));
        if (auto applied = apply(entry); !applied) return applied;
    }
}

Result<JournalHeader> read_header(system::SegmentReader& reader) {
    HOMEOSTAT_TRY(const auto bytes, reader.next());
    if (!bytes) return fail(ErrorCode::data_loss, "the journal has no header");
    return decode<JournalHeader>(*bytes, 0);
}

}  // namespace

Result<std::optional<Journal>> Journal::open_newest(const fs::path& folder) {
    for (auto number = newest_number(folder); number > 0; --number) {
        HOMEOSTAT_TRY(auto log, system::SegmentLog::open(path_of(folder, number)));
        if (log.end() == 0) continue;  // a crash came between making the folder and its header
        HOMEOSTAT_TRY(auto reader, log.read(0));
        HOMEOSTAT_TRY(auto header, read_header(reader));
        return std::optional<Journal>(Journal(std::move(log), std::move(header)));
    }
    return std::optional<Journal>{};
}

Result<Journal> Journal::begin(const fs::path& folder, JournalHeader header) {
    HOMEOSTAT_TRY(auto log, system::SegmentLog::open(path_of(folder, newest_number(folder) + 1)));
    HOMEOSTAT_TRY([[maybe_unused]] const auto offset, log.append(json::to_text(to_json(header))));
    if (auto committed = log.commit(); !committed) return std::unexpected(committed.error());
    return Journal(std::move(log), std::move(header));
}

Result<> Journal::append(const loop::JournalEntry& entry) {
    HOMEOSTAT_TRY([[maybe_unused]] const auto offset, log_.append(json::to_text(to_json(entry))));
    return log_.commit();
}

Result<> Journal::replay(const std::function<Result<>(const loop::JournalEntry&)>& apply) const {
    HOMEOSTAT_TRY(auto reader, log_.read(1));
    return read_entries(reader, apply);
}

Result<> read_journal(const fs::path& folder, const std::function<Result<>(const JournalHeader&)>& on_header,
                      const std::function<Result<>(const loop::JournalEntry&)>& on_entry) {
    HOMEOSTAT_TRY(auto reader, system::SegmentReader::open(folder));
    HOMEOSTAT_TRY(const auto header, read_header(reader));
    if (auto taken = on_header(header); !taken) return taken;
    return read_entries(reader, on_entry);
}

std::vector<fs::path> list_journals(const fs::path& folder) {
    std::vector<fs::path> journals;
    for (std::uint64_t number = 1, newest = newest_number(folder); number <= newest; ++number) {
        auto path = path_of(folder, number);
        auto reader = system::SegmentReader::open(path);
        if (!reader) continue;
        // A crash may come between making the folder and its header; what is damaged is for the reader to
        // say.
        const auto header = reader->next();
        if (!header || *header) journals.push_back(std::move(path));
    }
    return journals;
}

}  // namespace homeostat::runtime
