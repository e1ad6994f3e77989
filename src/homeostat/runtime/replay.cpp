// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/replay.h"

#include <fmt/format.h>

#include <utility>

#include "homeostat/audit/chain.h"
#include "homeostat/loop/loop.h"
#include "homeostat/runtime/audit_log.h"
#include "homeostat/runtime/journal.h"
#include "homeostat/runtime/loop_config.h"
#include "homeostat/runtime/version.h"

namespace homeostat::runtime {
namespace {

namespace fs = std::filesystem;

/// What is kept of a record that was made again, to compare it and to say where it came from.
struct Made {
    std::string hash;
    std::string what;  // kind and reason
    std::size_t journal = 0;
    std::uint64_t step = 0;
};

std::string in_words(const model::AuditRecord& record) {
    return fmt::format("{} '{}'", to_string(record.kind), record.reason);
}

class Replayer {
public:
    explicit Replayer(const std::function<void()>& on_step) : on_step_(on_step) {}

    /// Decides one journal again, after those before it.
    [[nodiscard]] Result<> run(const fs::path& journal) {
        std::optional<loop::Loop> loop;
        return read_journal(
            journal,
            [&](const JournalHeader& header) -> Result<> {
                HOMEOSTAT_TRY(loop, begin(journal, header));
                return {};
            },
            [&](const loop::JournalEntry& entry) -> Result<> {
                step(*loop, entry);
                return {};
            });
    }

    /// Compares what was made with what was written.
    [[nodiscard]] Result<> compare(const fs::path& audit) {
        audit::ChainVerifier chain;
        auto read = read_audit(audit, [&](const model::AuditRecord& record) -> Result<> {
            if (!report_.difference) compare(record, chain);
            return {};
        });
        if (!read) return read;
        if (!report_.difference) look_for_missing(chain.checked());
        return {};
    }

    [[nodiscard]] ReplayReport finish() {
        report_.last_hash = made_.empty() ? "" : made_.back().hash;
        return std::move(report_);
    }

private:
    [[nodiscard]] Result<loop::Loop> begin(const fs::path& journal, const JournalHeader& header) {
        ++report_.journals;
        steps_here_ = 0;
        if (header.program != kVersion) {
            report_.notes.push_back(
                fmt::format("{} was written by version {}; this is {}, which may decide differently",
                            journal.string(), header.program, kVersion));
        }
        const auto durable = header.carryover.audit_sequence;
        if (report_.journals == 1) {
            first_ = durable + 1;
        } else if (durable + 1 < first_ + made_.size()) {
            made_.resize(durable + 1 - first_);  // what a crash kept from the audit log was never decided
        } else if (durable + 1 > first_ + made_.size() && !report_.difference) {
            report_.difference =
                fmt::format("{} goes on after audit record {}, but the journal before it gives {} only",
                            journal.string(), durable, first_ + made_.size() - 1);
        }
        HOMEOSTAT_TRY(const auto config, read_deciding_config(header.config));
        return loop::Loop::create(config, header.carryover);
    }

    void step(loop::Loop& loop, const loop::JournalEntry& entry) {
        ++report_.steps;
        ++steps_here_;
        report_.inputs += entry.inputs.size();
        for (auto& effect : loop.step(entry.now, entry.inputs)) {
            if (std::holds_alternative<loop::SendOrder>(effect)) ++report_.orders;
            auto* record = std::get_if<loop::Record>(&effect);
            if (record == nullptr) continue;
            ++report_.records;
            made_.push_back(
                {std::move(record->record.hash), in_words(record->record), report_.journals, steps_here_});
        }
        on_step_();
    }

    void compare(const model::AuditRecord& record, audit::ChainVerifier& chain) {
        if (const auto linked = chain.check(record); !linked) {
            report_.difference = linked.error().message;
        } else if (record.sequence >= first_ + made_.size()) {
            report_.difference = fmt::format(
                "audit record {}, {}, comes of no step of the journal (a node that runs may just have "
                "written it: "
                "run this again)",
                record.sequence, in_words(record));
        } else if (record.sequence >= first_) {
            const auto& made = made_[record.sequence - first_];
            if (made.hash != record.hash) {
                report_.difference =
                    fmt::format("audit record {} is {}, but step {} of journal {} gives {}", record.sequence,
                                in_words(record), made.step, made.journal, made.what);
                return;
            }
            ++report_.compared;
        }
    }

    /// A crash may keep the records of the very last step from the audit log: the next start writes them.
    void look_for_missing(std::uint64_t written) {
        const auto missing = first_ + made_.size() - 1 - std::min(written, first_ + made_.size() - 1);
        if (missing == 0) return;
        const auto& made = made_[made_.size() - missing];
        if (made.journal == report_.journals && made.step == steps_here_) {
            report_.notes.push_back(
                fmt::format("{} records of the last step are not in the audit log yet", missing));
        } else {
            report_.difference = fmt::format(
                "the audit log ends with record {}, but step {} of journal {} gives {} as the next; if it "
                "was not cut, "
                "the next start of the node writes it",
                written, made.step, made.journal, made.what);
        }
    }

    const std::function<void()>& on_step_;
    ReplayReport report_;
    std::uint64_t first_ = 1;  // sequence number of the first of these
    std::vector<Made> made_;
    std::uint64_t steps_here_ = 0;  // of this journal
};

}  // namespace

Result<ReplayReport> replay(const fs::path& folder, const std::function<void()>& on_step) {
    Replayer replayer(on_step);
    const auto journals = list_journals(folder / "journal");
    if (journals.empty()) {
        if (auto run = replayer.run(folder); !run) return std::unexpected(run.error());
        return replayer.finish();
    }
    for (const auto& journal : journals) {
        if (auto run = replayer.run(journal); !run) return std::unexpected(run.error());
    }
    if (auto compared = replayer.compare(folder / "audit"); !compared)
        return std::unexpected(compared.error());
    return replayer.finish();
}

}  // namespace homeostat::runtime
