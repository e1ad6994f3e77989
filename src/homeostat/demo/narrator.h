// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <ostream>
#include <string>
#include <string_view>

#include "homeostat/base/time.h"
#include "homeostat/model/audit_record.h"

namespace homeostat::demo {

/// Tells decisions as they are made, a line or two each, for people at a terminal. Thread-safe.
class Narrator {
public:
    Narrator(std::ostream& out, bool colors) : out_(out), colors_(colors) {}

    /// A new scene: the times of the lines that follow count from now.
    void begin(std::string_view headline, EventTime now);
    /// What the demo itself does or finds.
    void say(std::string_view what, EventTime now);
    void verdict(bool good, std::string_view what, EventTime now);
    /// A decision. Records that people need not see are passed over.
    void tell(const model::AuditRecord& record);

private:
    enum class Style { plain, dim, bold, good, bad };
    void line(EventTime at, std::string_view stage, std::string_view text, Style style);
    [[nodiscard]] std::string styled(std::string_view text, Style style) const;
    void tell_diagnosis(const model::AuditRecord& record);

    std::mutex mutex_;
    std::ostream& out_;
    bool colors_;
    EventTime begun_{};
};

}  // namespace homeostat::demo
