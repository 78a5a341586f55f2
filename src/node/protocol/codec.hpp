// JSON of structs whose fields() names each field once, for both directions. For messages.cpp and a restore's record.
#pragma once
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "ms2m/units.hpp"

namespace ms2m::node::codec {

template <class Value, class Message>
concept Of = std::same_as<std::remove_const_t<Value>, Message>;

/// Specialised for every type that stands in a message: put(value) -> Json, get(json) -> value, which throws Mistyped.
template <class Value>
struct Coder;

struct Mistyped {};

template <class Value>
Json put(const Value& value) {
  return Coder<Value>::put(value);
}
template <class Value>
Value get(const Json& json) {
  return Coder<Value>::get(json);
}

/// A struct with fields(): an object.
template <class Message>
struct Coder {
  struct Writer {
    Json json = Json::object();
    template <class Value>
    void operator()(const char* name, const Value& value) {
      json[name] = codec::put(value);
    }
  };
  struct Reader {
    const Json& json;
    template <class Value>
    void operator()(const char* name, Value& value) {
      const auto found = json.find(name);
      if (found == json.end()) throw Error(ErrorKind::protocol, std::string("'") + name + "' is missing");
      try {
        value = codec::get<Value>(*found);
      } catch (const Mistyped&) {
        throw Error(ErrorKind::protocol, std::string("'") + name + "' is of another type");
      } catch (Error& error) {
        throw error.in(name);
      }
    }
  };
  static Json put(const Message& message) {
    Writer writer;
    fields(writer, message);
    return std::move(writer.json);
  }
  static Message get(const Json& json) {
    if (!json.is_object()) throw Mistyped();
    Message message{};
    Reader reader{json};
    fields(reader, message);
    return message;
  }
};

template <>
struct Coder<std::string> {
  static Json put(const std::string& value) { return value; }
  static std::string get(const Json& json) {
    if (!json.is_string()) throw Mistyped();
    return json.get<std::string>();
  }
};

template <>
struct Coder<bool> {
  static Json put(bool value) { return value; }
  static bool get(const Json& json) {
    if (!json.is_boolean()) throw Mistyped();
    return json.get<bool>();
  }
};

template <>
struct Coder<std::uint64_t> {
  static Json put(std::uint64_t value) { return value; }
  static std::uint64_t get(const Json& json) {
    // A number that was made here is signed, one that was read is not.
    if (!json.is_number_integer() || (!json.is_number_unsigned() && json.get<std::int64_t>() < 0)) throw Mistyped();
    return json.get<std::uint64_t>();
  }
};

template <>
struct Coder<int> {
  static Json put(int value) { return value; }
  static int get(const Json& json) {
    const auto value = codec::get<std::uint64_t>(json);
    if (value > std::uint64_t{std::numeric_limits<int>::max()}) throw Mistyped();
    return static_cast<int>(value);
  }
};

template <>
struct Coder<double> {
  static Json put(double value) { return value; }
  static double get(const Json& json) {
    if (!json.is_number()) throw Mistyped();
    return json.get<double>();
  }
};

template <>
struct Coder<Bytes> {
  static Json put(Bytes value) { return value.count; }
  static Bytes get(const Json& json) { return {codec::get<std::uint64_t>(json)}; }
};

/// null when there is none; the field itself must be there.
template <class Value>
struct Coder<std::optional<Value>> {
  static Json put(const std::optional<Value>& value) { return value ? codec::put(*value) : Json(nullptr); }
  static std::optional<Value> get(const Json& json) {
    if (json.is_null()) return std::nullopt;
    return codec::get<Value>(json);
  }
};

template <class List, class Value>
struct ListCoder {
  static Json put(const List& values) {
    Json json = Json::array();
    for (const Value& each : values) json.push_back(codec::put(each));
    return json;
  }
  static List get(const Json& json) {
    if (!json.is_array()) throw Mistyped();
    List values;
    for (const Json& each : json) values.insert(values.end(), codec::get<Value>(each));
    return values;
  }
};
template <class Value>
struct Coder<std::vector<Value>> : ListCoder<std::vector<Value>, Value> {};
template <class Value>
struct Coder<std::set<Value>> : ListCoder<std::set<Value>, Value> {};

template <class Value>
struct Coder<std::map<std::string, Value>> {
  static Json put(const std::map<std::string, Value>& values) {
    Json json = Json::object();
    for (const auto& [name, value] : values) json[name] = codec::put(value);
    return json;
  }
  static std::map<std::string, Value> get(const Json& json) {
    if (!json.is_object()) throw Mistyped();
    std::map<std::string, Value> values;
    for (const auto& [name, value] : json.items()) values[name] = codec::get<Value>(value);
    return values;
  }
};

/// An enum whose words(value) are its values' names, by number.
template <class Enum>
requires std::is_enum_v<Enum>
struct Coder<Enum> {
  static Json put(Enum value) { return std::string(words(value)[static_cast<std::size_t>(value)]); }
  static Enum get(const Json& json) {
    if (!json.is_string()) throw Mistyped();
    const auto& all = words(Enum{});
    for (std::size_t i = 0; i < all.size(); ++i)
      if (json.get_ref<const std::string&>() == all[i]) return static_cast<Enum>(i);
    throw Error(ErrorKind::protocol, "'" + json.get<std::string>() + "' is not known here");
  }
};

}  // namespace ms2m::node::codec
