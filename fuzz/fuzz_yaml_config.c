/* fuzz_yaml_config.c: configuration files: every value can be found by the path under which it is reported. */
#include "fuzzing.h"

#include <string.h>

#include "codec/yaml_config.h"

enum { LOOK_UPS_MAX = 1000 };

static void look_up_all(struct yaml_config *config)
{
    for (size_t i = 0; i < LOOK_UPS_MAX; i++) {
        const char *path = yaml_config_first_unused(config);
        if (path == NULL) {
            return;
        }
        bool truth = false;
        int64_t number = 0;
        (void)!yaml_config_boolean(config, path, false, &truth);
        (void)!yaml_config_number(config, path, -10, 10, 0, &number);
        MUST(number >= -10 && number <= 10);
        MUST(yaml_config_text(config, path, NULL) != NULL);
        MUST(yaml_config_count(config, path) == 0);
        const char *next = yaml_config_first_unused(config);
        MUST(next == NULL || strcmp(next, path) != 0);
    }
}

static void list_keys(const struct yaml_config *config)
{
    static const char *const none[] = {NULL};
    const char *key = NULL;
    for (size_t i = 0; i < LOOK_UPS_MAX && (key = yaml_config_key(config, "", i)) != NULL; i++) {
        MUST(yaml_config_kind_of(config, key) != YAML_CONFIG_NOTHING);
        (void)!yaml_config_check_keys(config, key, none);
        (void)!yaml_config_reject(config, key, "%zu", i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_config *config = NULL;
    enum gbau_status status = yaml_config_parse(octets_of(data, size), NULL, &config);
    MUST((status == GBAU_OK) == (config != NULL));
    if (config != NULL) {
        look_up_all(config);
        list_keys(config);
        yaml_config_close(config);
    }
    return 0;
}
