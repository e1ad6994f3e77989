// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/intake.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "homeostat/adapters/ingest/otlp_json.h"
#include "homeostat/adapters/ingest/otlp_protobuf.h"
#include "homeostat/telemetry/event_decoder.h"

namespace homeostat::ingest {

struct Intake::Impl {
    IntakeConfig config;
    std::function<EventTime()> clock;
    std::atomic<std::size_t> bytes_waiting{0};
    std::atomic<std::uint64_t> shed{0};

    mutable std::mutex mutex;  // guards all that follows, and the sink
    telemetry::Gate gate;
    JsonDecoder json;
    telemetry::EventDecoder events;
    Batch batch;
    std::uint64_t payloads = 0;
    std::uint64_t malformed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t metrics_ignored = 0;

    Impl(IntakeConfig intake_config, model::SignalSink& sink, std::function<EventTime()> now)
        : config(intake_config), clock(std::move(now)), gate(intake_config.gate, sink) {}

    template <class Decode>
    Result<telemetry::GateTally> take(std::string_view payload, std::string_view source, Decode&& decode);
};

namespace {

/// Bytes that are on their way through, counted while this lives; empty when there is no room for them.
class Admission {
public:
    static std::optional<Admission> request(std::atomic<std::size_t>& waiting, std::size_t bytes,
                                            std::size_t max) {
        Admission admission(waiting, bytes);
        if (waiting.load() > max) return std::nullopt;
        return admission;
    }
    Admission(Admission&& other) noexcept
        : waiting_(other.waiting_), bytes_(std::exchange(other.bytes_, 0)) {}
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    Admission& operator=(Admission&&) = delete;
    ~Admission() { waiting_ -= bytes_; }

private:
    Admission(std::atomic<std::size_t>& waiting, std::size_t bytes) : waiting_(waiting), bytes_(bytes) {
        waiting_ += bytes_;
    }
    std::atomic<std::size_t>& waiting_;
    std::size_t bytes_;
};

}  // namespace

template <class Decode>
Result<telemetry::GateTally> Intake::Impl::take(std::string_view payload, std::string_view source,
                                                Decode&& decode) {
    const auto now = clock();
    const std::lock_guard lock(mutex);
    ++payloads;
    bytes += payload.size();
    gate.begin(now, source);
    if (auto decoded = decode(); !decoded) {
        ++malformed;
        gate.on_malformed(payload, decoded.error().message);
        return std::unexpected(std::move(decoded).error());
    }
    return gate.tally();
}

Intake::Intake(IntakeConfig config, model::SignalSink& sink, std::function<EventTime()> clock)
    : impl_(std::make_unique<Impl>(config, sink, std::move(clock))) {}
Intake::~Intake() = default;

Result<telemetry::GateTally> Intake::accept(const Payload& payload) {
    auto& self = *impl_;
    const auto admission =
        Admission::request(self.bytes_waiting, payload.bytes.size(), self.config.bytes_waiting_max);
    if (!admission) {
        ++self.shed;
        return fail(ErrorCode::resource_exhausted,
                    "too much telemetry is waiting: send it again in a second");
    }
    return self.take(payload.bytes, payload.source, [&]() -> Result<> {
        auto decoded = payload.encoding == Encoding::json
                           ? self.json.decode(payload.signal, payload.bytes, self.batch)
                           : decode_protobuf(payload.signal, payload.bytes, self.batch);
        if (!decoded) return decoded;
        self.metrics_ignored += self.batch.ignored;
        self.gate.on_spans(self.batch.spans);
        for (const auto& metric : self.batch.metrics) self.gate.on_metric(metric);
        for (const auto& log : self.batch.logs) self.gate.on_log(log);
        return {};
    });
}

Result<telemetry::GateTally> Intake::accept_event(std::string_view json, std::string_view source) {
    auto& self = *impl_;
    return self.take(json, source, [&]() -> Result<> {
        HOMEOSTAT_TRY(const auto event, self.events.decode(json));
        self.gate.on_event(event);
        return {};
    });
}

void Intake::exclusively(const std::function<void()>& use) {
    const std::lock_guard lock(impl_->mutex);
    use();
}

std::vector<telemetry::QuarantinedRecord> Intake::take_quarantined() {
    const std::lock_guard lock(impl_->mutex);
    return impl_->gate.take_quarantined();
}

IntakeCounters Intake::counters() const {
    const std::lock_guard lock(impl_->mutex);
    return {.gate = impl_->gate.counters(),
            .payloads = impl_->payloads,
            .payloads_malformed = impl_->malformed,
            .payloads_shed = impl_->shed,
            .bytes = impl_->bytes,
            .metrics_ignored = impl_->metrics_ignored};
}

}  // namespace homeostat::ingest
