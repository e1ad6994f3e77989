// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/text_form.h"

/// What a subcommand is made of. A new one is a file command_<name>.cpp that makes a Command, and its line in
/// commands.h and commands.cpp; help, parsing and shell completion follow from it.
namespace homeostat::cli {

/// What the process exits with; documented in `homeostat --help`.
enum class ExitCode : int {
    ok = 0,
    failed = 1,       // what was asked for failed, or problems were found
    usage = 2,        // wrong arguments or an invalid configuration: nothing was done
    unavailable = 3,  // a server or file that is needed cannot be reached
};

/// The outside of a command, so that tests can stand in for it.
struct Environment {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool colors = false;    // of `out`: it is a terminal and NO_COLOR is not set
    bool progress = false;  // `err` is a terminal, on which progress may be drawn
};

/// What the shell offers for a value beside the choices.
enum class Completion : std::uint8_t { nothing, files };

/// One option, flag or positional of a command, bound to the variable that it sets.
struct Argument {
    enum class Kind : std::uint8_t { flag, value, list };

    std::string names;  // "FILE" for a positional; "-o,--output" for an option
    std::string help;
    Kind kind = Kind::value;
    bool required = false;
    int words = 1;  // of one value: `--path A B` takes two
    std::string shown_default;
    std::vector<std::string_view> choices;
    Completion completion = Completion::nothing;
    std::function<std::optional<std::string>(std::string_view)> accept;  // sets; answers what is wrong

    [[nodiscard]] bool is_positional() const { return !names.starts_with('-'); }
};

namespace command_detail {

template <class T>
std::optional<std::string> set_from(std::string_view text, T& target) {
    if constexpr (codec_detail::kIs<T, std::optional>) {
        return set_from(text, target.emplace());
    } else if constexpr (codec_detail::kIs<T, std::vector>) {
        return set_from(text, target.emplace_back());
    } else {
        auto value = TextForm<T>::parse(text);
        if (value) {
            target = *std::move(value);
            return std::nullopt;
        }
        return "must be " + std::string(TextForm<T>::kWanted) + ", not '" + std::string(text) +
               "': " + TextForm<T>::cure(text);
    }
}

template <class T>
std::string default_of(const T& target) {
    if constexpr (codec_detail::kIs<T, std::optional> || codec_detail::kIs<T, std::vector>)
        return {};
    else
        return text_form::text_of(TextForm<T>::show(target));
}

template <class T>
std::vector<std::string_view> choices_of() {
    if constexpr (codec_detail::kIs<T, std::optional>)
        return choices_of<typename T::value_type>();
    else if constexpr (NamedEnum<T>)
        return {kEnumNames<T>.begin(), kEnumNames<T>.end()};
    else
        return {};
}

}  // namespace command_detail

/// Binds a variable, which must outlive the command: a bool is a flag, a vector may be given several times,
/// an optional has no default; the text is read by the type's TextForm.
template <class T>
[[nodiscard]] Argument argument(std::string names, T& target, std::string help) {
    Argument made{.names = std::move(names), .help = std::move(help)};
    if constexpr (std::same_as<T, bool>) {
        made.kind = Argument::Kind::flag;
        made.accept = [&target](std::string_view) -> std::optional<std::string> {
            target = true;
            return std::nullopt;
        };
    } else {
        if constexpr (codec_detail::kIs<T, std::vector>) made.kind = Argument::Kind::list;
        made.shown_default = command_detail::default_of(target);
        made.choices = command_detail::choices_of<T>();
        made.accept = [&target](std::string_view text) { return command_detail::set_from(text, target); };
    }
    return made;
}

/// As argument(), for one without which the command cannot run.
template <class T>
[[nodiscard]] Argument required(std::string names, T& target, std::string help) {
    auto made = argument(std::move(names), target, std::move(help));
    made.required = true;
    made.shown_default.clear();
    return made;
}

/// Lets the shell offer files.
[[nodiscard]] inline Argument of_files(Argument argument) {
    argument.completion = Completion::files;
    return argument;
}

struct Command {
    std::string name;  // "validate", or "playbook lint" for a command of a group
    std::string summary;
    std::vector<std::string> examples;  // whole command lines
    std::vector<Argument> arguments;
    std::function<ExitCode(Environment&)> run;
};

/// Makes a command whose options live as long as it does:
///
///     struct Options { std::string file; };
///     Command validate_command() {
///         return make_command<Options>([](Options& options) {
///             return Command{.name = "validate", …, .arguments = {required("FILE", options.file, "…")},
///                            .run = [&options](Environment& environment) { … }};
///         });
///     }
template <class Options, class Make>
[[nodiscard]] Command make_command(Make make) {
    auto options = std::make_shared<Options>();
    Command command = make(*options);
    command.run = [options, run = std::move(command.run)](Environment& environment) {
        return run(environment);
    };
    return command;
}

}  // namespace homeostat::cli
