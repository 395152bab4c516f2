/* test_file_control.c: FCP templates of several cards. */
#include "card_text/file_control.h"

#include "testing.h"

static uint8_t octets[256];

static enum gbau_status read_hex(const char *hex, struct file_control *control)
{
    from_hex(hex, octets, strlen(hex) / 2);
    return file_control_read(octets_of(octets, strlen(hex) / 2), control);
}

static void a_transparent_file(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("621e8202412183026fd6a506d00120d2010f8a01058b036f0604800200408800", &control));
    assert_int_equal(control.structure, FILE_TRANSPARENT);
    assert_true(control.has_fid);
    assert_int_equal(control.fid, 0x6fd6);
    assert_int_equal(control.size, 64);
    assert_int_equal(control.sfi, 0);
    assert_int_equal(control.rule_file, 0x6f06);
    assert_int_equal(control.rule_record, 4);
    assert_string_equal(life_cycle_name(control.life_cycle), "activated");
}

static void a_file_of_records(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("62218205422100800283026fdaa506d00120d2010f8a01058b036f0603800201008800", &control));
    assert_int_equal(control.structure, FILE_LINEAR_FIXED);
    assert_int_equal(control.record_length, 128);
    assert_int_equal(control.record_count, 2);
    assert_ok(read_hex("621182044221001083026f0080020030880110", &control));
    assert_int_equal(control.record_count, 3);
    assert_int_equal(control.sfi, 2);
}

static void cyclic_and_tlv_files(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("62148205462100030583026f398a0105800200"
                       "0f8800",
                       &control));
    assert_int_equal(control.structure, FILE_CYCLIC);
    assert_int_equal(control.record_count, 5);
    assert_ok(read_hex("621182027921"
                       "83026fd08a0104800201008800",
                       &control));
    assert_int_equal(control.structure, FILE_BER_TLV);
    assert_string_equal(life_cycle_name(control.life_cycle), "deactivated");
    assert_false(life_cycle_is_activated(control.life_cycle));
    assert_ok(read_hex("6204"
                       "82023921",
                       &control));
    assert_int_equal(control.structure, FILE_BER_TLV);
    assert_ok(read_hex("6204"
                       "82020221",
                       &control));
    assert_int_equal(control.structure, FILE_LINEAR_FIXED);
}

static void directories_and_their_pins(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("622d8202782183027ff08410a0000000871002ffffffff89070900008a01058b032f060f"
                       "c6099001408301018301"
                       "81",
                       &control));
    assert_int_equal(control.structure, FILE_DIRECTORY);
    assert_int_equal(control.aid.length, 16);
    assert_int_equal(control.sfi, 0);
    assert_int_equal(control.pin_count, 2);
    assert_int_equal(control.pins[0].reference, 0x01);
    assert_false(control.pins[0].enabled);
    assert_int_equal(control.pins[1].reference, 0x81);
    assert_true(control.pins[1].enabled);
}

static void a_missing_sfi_is_in_the_fid(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("620882024121"
                       "83026f07",
                       &control));
    assert_int_equal(control.sfi, 0x07);
    assert_ok(read_hex("620882024121"
                       "83026f1f",
                       &control));
    assert_int_equal(control.sfi, 0);
}

static void rules_of_other_formats(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("620f820241218c020190ab058001019000", &control));
    assert_octets(control.compact_rule, "0190");
    assert_octets(control.expanded_rule, "8001019000");
    assert_ok(read_hex("620a820241218b046f060103", &control));
    assert_int_equal(control.rule_record, 3);
    assert_ok(read_hex("6208820241218b026f06", &control));
    assert_int_equal(control.rule_file, 0);
}

static void what_is_no_template_is_refused(void **state)
{
    (void)state;
    struct file_control control;
    assert_status(read_hex("", &control), GBAU_E_MALFORMED);
    assert_status(read_hex("6f028400", &control), GBAU_E_MALFORMED);
    assert_status(read_hex("6204820541", &control), GBAU_E_MALFORMED);
    assert_status(read_hex("62038205"
                           "41",
                           &control),
                  GBAU_E_MALFORMED);
    assert_ok(read_hex("6200", &control));
    assert_int_equal(control.structure, FILE_UNKNOWN);
}

static void more_pins_than_fit_are_left_out(void **state)
{
    (void)state;
    struct file_control control;
    assert_ok(read_hex("6220c61e9001ff830101830102830103830104830105830106830107830108830111", &control));
    assert_int_equal(control.pin_count, FILE_CONTROL_PINS_MAX);
}

static void sizes_and_states_have_words(void **state)
{
    (void)state;
    char words[64];
    struct text text = text_of(words, sizeof words);
    struct file_control control = {.structure = FILE_TRANSPARENT, .size = 9};
    text_put_file_size(&text, &control);
    text_put(&text, ", ");
    control = (struct file_control){.structure = FILE_CYCLIC, .record_count = 10, .record_length = 180};
    text_put_file_size(&text, &control);
    assert_string_equal(words, "9 octets, 10 × 180 octets");
    assert_string_equal(file_structure_name(FILE_BER_TLV), "BER-TLV");
    assert_string_equal(life_cycle_name(0x07), "activated");
    assert_string_equal(life_cycle_name(0x06), "deactivated");
    assert_string_equal(life_cycle_name(0x0f), "terminated");
    assert_string_equal(life_cycle_name(0x03), "initialised");
    assert_string_equal(life_cycle_name(0x01), "created");
    assert_string_equal(life_cycle_name(0x00), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transparent_file),
        cmocka_unit_test(a_file_of_records),
        cmocka_unit_test(cyclic_and_tlv_files),
        cmocka_unit_test(directories_and_their_pins),
        cmocka_unit_test(a_missing_sfi_is_in_the_fid),
        cmocka_unit_test(rules_of_other_formats),
        cmocka_unit_test(what_is_no_template_is_refused),
        cmocka_unit_test(more_pins_than_fit_are_left_out),
        cmocka_unit_test(sizes_and_states_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
