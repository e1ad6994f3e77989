// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/playbook_reader.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/plan/planner.h"

/// Any text is a playbook or problems; a playbook that was accepted can be planned with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Problems problems;
    for (const auto& document : yaml::parse_all(text, "fuzz.yaml", problems)) {
        auto playbook = plan::read_playbook(document, yaml::parse, problems);
        if (!playbook) continue;
        const auto causes = playbook->match.causes;
        auto library = plan::PlaybookLibrary::create({*std::move(playbook)});
        if (!library) continue;
        const plan::Planner planner(*std::move(library));
        for (const auto kind : causes) {
            const model::Cause cause{.service = model::ServiceId{"s"}, .kind = kind, .posterior = 1};
            [[maybe_unused]] const auto plan = planner.plan({}, cause, 0, {});
        }
    }
    return 0;
}
