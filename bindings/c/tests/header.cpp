// The header from C++: it compiles, its assertions hold, and it links.
#include <comity.h>

#include <cstring>
#include <string_view>

int main()
{
    comity_error *error = nullptr;
    comity_string *plain = nullptr;
    constexpr std::string_view markdown = "*Hello*";
    if (comity_abi_version() != COMITY_ABI_VERSION || std::strlen(comity_version()) == 0) {
        return 1;
    }
    if (comity_markdown_to_plain_text(markdown.data(), markdown.size(), &plain, &error) != COMITY_OK) {
        comity_error_free(error);
        return 1;
    }
    bool same = std::string_view(plain->text.data, plain->text.len) == "Hello";
    comity_string_free(plain);
    comity_event_kind kind = COMITY_EVENT_KIND_MESSAGE_RECEIVED;
    return same && kind == 100 ? 0 : 1;
}
