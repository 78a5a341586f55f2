#pragma once
#include <string>
#include <vector>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

struct DeadManState;

/// The pivot on a connection of its own (see Broker::pivot). `state` of the switch when this process armed it, or null.
///
/// All in one transaction: publish the messages, get the dead man's message, acknowledge it, tx.commit. Held by us it
/// cannot expire, and if we die it goes back and expires; so there is no way to leave both sides quiet. A message that
/// no queue takes shows only in the commit (rabbit_channel routes a transaction's messages then), hence: the queues are
/// looked at first (Error{not_found}, nothing happened), and if one vanishes even so, the dead man's message is put
/// back for another ttl (Error{not_found}; the other messages, a marker among them, have been delivered then: the
/// caller undoes them). The stop token counts until the commit is sent; from there on only a limit of 10 s does.
PivotResult carry_out_pivot(amqp::Connection& connection, const std::string& dead_man_queue, const DeadManState* state,
                            const std::vector<Outgoing>& messages, const StopToken& stop);

}  // namespace ms2m
