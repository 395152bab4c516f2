/* card_file.h: a directory of its own for each test, with the card of test_card.h in a file in it. */
#ifndef TESTS_UNIT_READER_CARD_FILE_H
#define TESTS_UNIT_READER_CARD_FILE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../uicc/test_card.h"
#include "reader/card_image.h"

struct card_place {
    char directory[64];
    char path[80]; /* of the card; no file yet */
};

static inline int make_place(void **state)
{
    struct card_place *place = calloc(1, sizeof *place);
    if (place == NULL) {
        return -1;
    }
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/gbau-card-XXXXXX");
    if (mkdtemp(place->directory) == NULL) {
        free(place);
        return -1;
    }
    (void)snprintf(place->path, sizeof place->path, "%s/card", place->directory);
    *state = place;
    return 0;
}

static inline size_t count_files(const struct card_place *place)
{
    size_t count = 0;
    DIR *directory = opendir(place->directory);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] == '.' ? 0 : 1;
    }
    (void)closedir(directory);
    return count;
}

static inline int remove_place(void **state)
{
    struct card_place *place = *state;
    DIR *directory = opendir(place->directory);
    if (directory != NULL) {
        for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
        }
        (void)closedir(directory);
    }
    int result = rmdir(place->directory);
    free(place);
    return result;
}

#define place_test(function) cmocka_unit_test_setup_teardown((function), make_place, remove_place)

static inline void create_card(const struct card_place *place)
{
    const struct card_profile profile = test_profile();
    assert_ok(card_image_create(place->path, &profile, NULL));
}

static inline struct card_image *open_card(const struct card_place *place)
{
    struct card_image *card = NULL;
    assert_ok(card_image_open(place->path, CARD_DURABLE, NULL, &card));
    return card;
}

/* Runs one APDU given as hex and returns the response as hex, in a static buffer. */
static inline const char *image_apdu(struct card_image *card, const char *command_hex)
{
    static char text[2 * UICC_RESPONSE_MAX + 1];
    uint8_t command[300];
    uint8_t response[UICC_RESPONSE_MAX];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    length = card_image_process(card, octets_of(command, length), response);
    assert_ok(hex_encode(octets_of(response, length), text, sizeof text));
    return text;
}

#define assert_image_apdu(card, command, response) assert_string_equal(image_apdu((card), (command)), (response))

#define SELECT_USIM  "00a4040c10" USIM_AID
#define VERIFY       "0020000108" TEST_PIN
#define BOOTSTRAP_V1 "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb24400"
#define RES_V1       "db08a54211d5e3ba50be9000"

#endif
