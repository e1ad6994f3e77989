// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "homeostat/base/document.h"
#include "homeostat/plan/playbook.h"

namespace homeostat::plan {

/// Parses text that stands inside a document, such as the steps of a ConfigMap.
using TextParser =
    std::function<std::optional<Document>(std::string_view text, std::string_view file, Problems& problems)>;

/// Reads a playbook and checks it. Two forms are read into one:
///
/// - the normal form (playbook.h), of which `steps` is the only field that must be there;
/// - a Kubernetes ConfigMap: `metadata.name` is the name, and each entry of `data` is a field of the
///   normal form as text.
///
/// In both, a step called `verify` with `action: script` is no act but the verification's script.
///
/// All problems are reported at once, with stable ids for what goes beyond the schema (lint.h). Empty when
/// there was an error; warnings leave the playbook usable.
[[nodiscard]] std::optional<Playbook> read_playbook(const Document& document, const TextParser& parse_text,
                                                    Problems& problems);

}  // namespace homeostat::plan
