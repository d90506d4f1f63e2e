#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

#include "codecs/smpp/status.hpp"
#include "engine/app/message_centre.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

/// Values as they are typed on the command line. Errors say what is allowed.
namespace sluice::tools {

/// "250us", "20ms", "1.5s", "10min", "2h", "7d"; "0" needs no unit.
Result<nanoseconds> parse_duration(std::string_view text);
/// A duration, or two: "10ms..50ms".
Result<app::DelayRange> parse_delay_range(std::string_view text);

/// "ESME_RTHROTTLED", "RTHROTTLED", "0x58", "88".
Result<smpp::CommandStatus> parse_status(std::string_view text);
/// "RTHROTTLED=5,RSYSERR=0.5" in percent; the rest is ESME_ROK.
Result<app::Mix<smpp::CommandStatus>> parse_error_mix(std::string_view text);
/// "UNDELIV=3,EXPIRED=2" in percent; the rest is DELIVRD.
Result<app::Mix<smpp::MessageState>> parse_outcome_mix(std::string_view text);

/// "decimal", "hex" or "HEX", with a width to fill up with zeros if wanted: "decimal:10".
Result<app::IdStyle> parse_id_style(std::string_view text);

/// An address as people write it and the TON and NPI that go with it: digits are international ("+" is taken off),
/// anything else is alphanumeric.
struct TypedAddress {
    std::string digits;
    std::uint8_t ton = 0, npi = 0;
};
TypedAddress typed_address(std::string_view text);

/// schedule_delivery_time or validity_period: 16 characters as SMPP has them, or a duration from now of up to 31 days,
/// which becomes the relative form.
Result<std::string> parse_smpp_time(std::string_view text);

/// "full", "brief" or "none".
Result<app::ReceiptText> parse_receipt_text(std::string_view text);

/// Adds an option whose text `parse` turns into `out`; what `parse` says against it is an error of usage.
template <class Value>
CLI::Option* add_value(CLI::App& command, const std::string& name, Value& out, Result<Value> (*parse)(std::string_view),
                       const std::string& form, const std::string& help) {
    const auto take = [name, &out, parse](const std::string& text) {
        auto value = parse(text);
        if (!value) throw CLI::ValidationError(name, value.error().message);
        out = std::move(*value);
    };
    return command.add_option_function<std::string>(name, take, help)->type_name(form);
}

}  // namespace sluice::tools
