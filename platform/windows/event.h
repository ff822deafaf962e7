// The bytes of an event of ETW that describes itself ("TraceLogging"), laid out as Microsoft's TraceLoggingProvider.h
// says; mingw-w64 has no such header. Pure functions.
//
//   provider   size (16 bits) | name, NUL
//   event      size (16 bits) | 0: no tags | name, NUL | of each field: name, NUL, type (8 bits)
//
// Little-endian, unaligned, each size counts itself. What follows when an event is written is data(): the provider, the
// event, and each field's value, as a text in UTF-16 with its NUL or as 64 bits.
#pragma once

#include "platform/windows/win32.h"
// Needs the one above.
#include <evntprov.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace mercury::platform::windows {

enum class FieldType : std::uint8_t { Text = 1, Number = 10 };  // TlgInUNICODESTRING, TlgInUINT64

struct Field {
  std::string_view name;
  FieldType type;
};

std::string provider_metadata(std::string_view name);
std::string event_metadata(std::string_view name, std::initializer_list<Field> fields);

EVENT_DATA_DESCRIPTOR value_of(const std::wstring& text);
EVENT_DATA_DESCRIPTOR value_of(const std::uint64_t& number);
// For EventWriteTransfer(). Points to its arguments and to what the values were made of, and owns none of it.
std::vector<EVENT_DATA_DESCRIPTOR> data(const std::string& provider, const std::string& event,
                                        std::initializer_list<EVENT_DATA_DESCRIPTOR> values);

}  // namespace mercury::platform::windows
