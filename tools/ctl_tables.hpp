#pragma once

#include <nlohmann/json.hpp>

/// What the admin port answers, for people. Each writes to standard output.
namespace sluice::tools {

using CtlJson = nlohmann::ordered_json;

void print_status(const CtlJson& status);
void print_log_levels(const CtlJson& log);
void print_sessions(const CtlJson& body);
void print_providers(const CtlJson& body);
void print_accounts(const CtlJson& body);
void print_queues(const CtlJson& body);
void print_triggers(const CtlJson& body);
void print_receipts(const CtlJson& body);
void print_messages(const CtlJson& body);
void print_message(const CtlJson& message);
void print_explanation(const CtlJson& body);
void print_unowned(const CtlJson& body);
void print_refunds(const CtlJson& body);
void print_write_off(const CtlJson& body);
void print_reload(const CtlJson& body);

}  // namespace sluice::tools
