// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/engine.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "homeostat/adapters/system/file.h"
#include "homeostat/base/hash.h"
#include "homeostat/runtime/version.h"

namespace homeostat::runtime {
namespace {

namespace fs = std::filesystem;

fs::path carryover_file(const fs::path& data_dir) {
    return data_dir / "carryover.json";
}

}  // namespace

Result<loop::Carryover> read_carryover(const fs::path& data_dir) {
    std::ifstream file(carryover_file(data_dir));
    if (!file) return loop::Carryover{};
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    HOMEOSTAT_TRY(const auto json, json::parse(text));
    return from_json<loop::Carryover>(json);
}

std::string fingerprint(const json::Value& effective_config) {
    return to_hex(sha256(std::string(kVersion) + json::to_text(effective_config)));
}

Result<Engine> Engine::open(EngineConfig config, EffectHandlers handlers) {
    HOMEOSTAT_TRY(auto audit, AuditLog::open(config.data_dir / "audit"));
    HOMEOSTAT_TRY(auto journal, Journal::open_newest(config.data_dir / "journal"));
    const auto print = fingerprint(config.effective_config);
    const bool is_new = !journal || journal->header().fingerprint != print;
    if (is_new) {
        JournalHeader header{
            .program = std::string(kVersion), .fingerprint = print, .config = config.effective_config};
        HOMEOSTAT_TRY(header.carryover, read_carryover(config.data_dir));
        header.carryover.audit_sequence = audit.last_sequence();
        header.carryover.audit_hash = audit.last_hash();
        header.carryover.graph = std::move(config.graph);
        HOMEOSTAT_TRY(journal, Journal::begin(config.data_dir / "journal", std::move(header)));
    }
    HOMEOSTAT_TRY(auto loop, loop::Loop::create(config.loop, journal->header().carryover));
    Engine engine(std::move(config), std::move(handlers), std::move(loop), *std::move(journal),
                  std::move(audit));
    engine.recovered_.new_configuration = is_new && engine.audit_.last_sequence() > 0;
    if (auto replayed = engine.replay(); !replayed) return std::unexpected(replayed.error());
    return engine;
}

Engine::Engine(EngineConfig config, EffectHandlers handlers, loop::Loop loop, Journal journal, AuditLog audit)
    : config_(std::move(config)),
      handlers_(std::move(handlers)),
      loop_(std::move(loop)),
      journal_(std::move(journal)),
      audit_(std::move(audit)) {}

Result<> Engine::replay() {
    auto replayed = journal_.replay([&](const loop::JournalEntry& entry) -> Result<> {
        last_ = entry.now;
        ++recovered_.entries;
        for (auto& effect : loop_.step(entry.now, entry.inputs)) {
            auto* record = std::get_if<loop::Record>(&effect);
            if (record == nullptr) continue;
            if (auto written = audit_.write(std::move(record->record)); !written) return written;
        }
        return {};
    });
    if (!replayed) return replayed;
    recovered_.open_orders = loop_.open_orders();
    return audit_.flush();
}

Result<> Engine::step(Instant now, std::vector<loop::Input> inputs) {
    inputs.insert(inputs.end(), refusals_.begin(), refusals_.end());
    const loop::JournalEntry entry{now, std::move(inputs)};
    if (auto written = journal_.append(entry); !written) return written;
    refusals_.clear();
    last_ = now;
    apply(loop_.step(now, entry.inputs));
    return {};
}

void Engine::apply(std::vector<loop::Effect> effects) {
    for (auto& effect : effects) {
        if (auto* record = std::get_if<loop::Record>(&effect)) {
            handlers_.recorded(record->record);
            const auto written = audit_.write(std::move(record->record));
            if (!written) audit_trouble_ = written.error().message;
        } else if (const auto* order = std::get_if<loop::SendOrder>(&effect)) {
            if (flush_audit()) {
                handlers_.send(order->order);
            } else {
                refusals_.emplace_back(
                    loop::OrderFinished{{.id = order->order.id,
                                         .outcome = model::OrderOutcome::refused,
                                         .detail = "the audit log cannot be written: " + audit_trouble_}});
            }
        } else if (const auto* approval = std::get_if<loop::RequestApproval>(&effect)) {
            handlers_.request_approval(*approval);
        } else if (const auto* report = std::get_if<loop::Publish>(&effect)) {
            handlers_.publish(report->report);
        }
    }
    if (!effects.empty() || !audit_trouble_.empty()) flush_audit();
    if (!effects.empty()) save_carryover();
}

bool Engine::flush_audit() {
    const auto flushed = audit_.flush();
    audit_trouble_ = flushed ? "" : flushed.error().message;
    return flushed.has_value();
}

void Engine::save_carryover() {
    // A failure is no loss: the journal gives the same state, and the next act tries again.
    const auto saved =
        system::replace_file(carryover_file(config_.data_dir), json::to_text(to_json(loop_.carryover())));
    if (!saved && audit_trouble_.empty()) audit_trouble_ = saved.error().message;
}

}  // namespace homeostat::runtime
