// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "homeostat/cli/command.h"

namespace homeostat::cli {

/// Parses the arguments (without the program's name) and runs the subcommand that they name. Help goes to
/// `out`, what is wrong with the arguments goes to `err`.
[[nodiscard]] ExitCode run(const std::vector<std::string>& arguments, const std::vector<Command>& commands,
                           Environment& environment);

/// A shell script that completes the commands, for `bash`, `zsh` or `fish`.
enum class Shell : std::uint8_t { bash, zsh, fish };
[[nodiscard]] std::string completion_script(Shell shell, const std::vector<Command>& commands);

}  // namespace homeostat::cli

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::cli::Shell> =
    std::to_array<std::string_view>({"bash", "zsh", "fish"});
