#pragma once
#include "wrap/amqp/c_api.hpp"
#include "wrap/amqp/message.hpp"

namespace ms2m::amqp {

/// Keeps a clone of the properties in a pool of its own; the pool's address must not change, hence no move.
struct Properties::Impl {
  Impl() {
    // A page small enough for a common message's properties; bigger values get pages of their own.
    init_amqp_pool(&pool, 512);
  }
  ~Impl() { empty_amqp_pool(&pool); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  amqp_bytes_t keep(std::string_view text);

  amqp_pool_t pool{};
  amqp_basic_properties_t values{};
};

}  // namespace ms2m::amqp
