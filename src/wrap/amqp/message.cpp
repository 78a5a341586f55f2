#include "wrap/amqp/message.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "wrap/amqp/message_impl.hpp"

namespace ms2m::amqp {

amqp_bytes_t Properties::Impl::keep(std::string_view text) {
  amqp_bytes_t copy{};
  amqp_pool_alloc_bytes(&pool, text.size(), &copy);
  if (copy.bytes == nullptr) throw std::bad_alloc{};
  std::memcpy(copy.bytes, text.data(), text.size());
  return copy;
}

Properties::Properties() : impl_(std::make_unique<Impl>()) {}
Properties::Properties(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Properties::~Properties() = default;
Properties::Properties(Properties&&) noexcept = default;
Properties& Properties::operator=(Properties&&) noexcept = default;

Properties Properties::make(const std::string& content_type, const std::string& message_id, bool persistent) {
  Properties made;
  auto& values = made.impl_->values;
  if (!content_type.empty()) {
    values.content_type = made.impl_->keep(content_type);
    values._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
  }
  if (!message_id.empty()) {
    values.message_id = made.impl_->keep(message_id);
    values._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
  }
  values.delivery_mode = persistent ? AMQP_DELIVERY_PERSISTENT : AMQP_DELIVERY_NONPERSISTENT;
  values._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
  return made;
}

Properties Properties::question(const std::string& correlation_id, Millis expires) {
  Properties made = make("application/json", "", false);
  auto& values = made.impl_->values;
  values.correlation_id = made.impl_->keep(correlation_id);
  values.reply_to = made.impl_->keep(kReplies);
  values.expiration = made.impl_->keep(std::to_string(std::max<Millis::rep>(expires.count(), 1)));
  values._flags |= AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_EXPIRATION_FLAG;
  return made;
}

std::string Properties::correlation_id() const {
  return impl_->values._flags & AMQP_BASIC_CORRELATION_ID_FLAG ? text_of(impl_->values.correlation_id) : std::string{};
}

std::string Properties::message_id() const {
  return impl_->values._flags & AMQP_BASIC_MESSAGE_ID_FLAG ? text_of(impl_->values.message_id) : std::string{};
}

std::string Properties::user_id() const {
  return impl_->values._flags & AMQP_BASIC_USER_ID_FLAG ? text_of(impl_->values.user_id) : std::string{};
}

void Properties::drop_user_id() noexcept {
  impl_->values._flags &= ~static_cast<amqp_flags_t>(AMQP_BASIC_USER_ID_FLAG);
}

std::optional<Millis> Properties::expiration() const {
  if (!(impl_->values._flags & AMQP_BASIC_EXPIRATION_FLAG)) return std::nullopt;
  const std::string text = text_of(impl_->values.expiration);
  Millis::rep count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Millis{count};
}

void Properties::drop_expiration() noexcept {
  impl_->values._flags &= ~static_cast<amqp_flags_t>(AMQP_BASIC_EXPIRATION_FLAG);
}

bool Properties::drop_header(const std::string& name) noexcept {
  auto& headers = impl_->values.headers;
  if (!(impl_->values._flags & AMQP_BASIC_HEADERS_FLAG) || headers.num_entries == 0) return false;
  // The entries are the pool's: what is left out of the table goes with it.
  amqp_table_entry_t* const end = headers.entries + headers.num_entries;
  amqp_table_entry_t* const kept = std::remove_if(headers.entries, end, [&](const amqp_table_entry_t& each) {
    return std::string_view(static_cast<const char*>(each.key.bytes), each.key.len) == name;
  });
  headers.num_entries = static_cast<int>(kept - headers.entries);
  return kept != end;
}

}  // namespace ms2m::amqp
