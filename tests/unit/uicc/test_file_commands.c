/* test_file_commands.c: SELECT, STATUS, READ and UPDATE in every way that they have (TS 102 221 11.1.1 to 11.1.6). */
#include "test_card.h"

#define FCP_MF                                                                                                         \
    "62298202782183023f00a50c8001718304000027058701018a01058b032f0609c6099001c0830101830181"
#define FCP_ADF   "6229820278218410" USIM_AID "8a01058b032f0609c6099001c0830101830181"
#define FCP_PL    "62178202412183022f058a01058b032f06018002000a880128"
#define FCP_DIR   "621a8205422100280483022f008a01058b032f0602800200a08801f0"
#define FCP_IMSI  "62178202412183026f078a01058b036f060580020009880138"
#define FCP_GBANL "62198205422100b40a83026fda8a01058b036f0605800207088800"
#define FCP_SPN   "62168202412183026f468a01058b036f0602800200118800"
#define FCP_API   "620e8409" API_AID "8a0105"

static void run(const struct exchange *exchanges, size_t count)
{
    struct test_card card;
    test_card_begin(&card);
    run_exchanges(&card, exchanges, count);
    test_card_end(&card);
}

#define RUN(table) run((table), sizeof(table) / sizeof(table)[0])

/* SELECT */

static void test_select_by_identifier(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a40004022f05", FCP_PL "9000"},
        {"00a40004022f00", FCP_DIR "9000"},
        {"00a40004023f00", FCP_MF "9000"},
        {"00a4000c023f00", "9000"},
        {"00a4000c", "9000"},       /* empty: MF */
        {"00a40004", "6700"},       /* but only without an answer */
        {"00a40004026f07", "6a82"}, /* in the USIM, not here */
        {"00a40004027ff0", "6a82"}, /* an ADF is selected by its AID */
        {"00a40004027fff", "6a82"}, /* no application is active */
        {"00a4040c10" USIM_AID, "9000"},
        {"00a40004026f07", FCP_IMSI "9000"},
        {"00a40004026fda", FCP_GBANL "9000"},
        {"00a40004026f46", FCP_SPN "9000"},
        {"00a40004027ff0", FCP_ADF "9000"}, /* the current directory itself */
        {"00a40004022f05", "6a82"},         /* a file of MF is no child and no directory */
        {"00a40004027fff", FCP_ADF "9000"},
        {"00a40004023f00", FCP_MF "9000"},
        {"00a40004022f05", FCP_PL "9000"},
        {"00a40004027fff", FCP_ADF "9000"}, /* the application is still active */
        {"00a4000c013f", "6700"},
        {"00a4000c033f0000", "6700"},
        {"00a40000023f00", "6a86"},
        {"00a40008023f00", "6a86"},
        {"00a4020c023f00", "6a86"},
        {"00a4050c023f00", "6a86"},
        {"00a4ff0c023f00", "6a86"},
    };
    RUN(exchanges);
}

static void test_select_by_path(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a40804022f05", FCP_PL "9000"},
        {"00a40804047fff6f07", "6a82"}, /* no application is active */
        {"00a40804043f002f05", "6a82"}, /* MF itself is not named */
        {"00a4040c10" USIM_AID, "9000"},
        {"00a40804047fff6f07", FCP_IMSI "9000"},
        {"00a40804022f05", FCP_PL "9000"},
        {"00a40904022f00", FCP_DIR "9000"}, /* from the current directory, which is MF */
        {"00a40904047fff6f07", FCP_IMSI "9000"},
        {"00a40904026f46", FCP_SPN "9000"},
        {"00a40904022f05", "6a82"},
        {"00a40804027fff", FCP_ADF "9000"},
        {"00a40804047ff06f07", "6a82"},
        {"00a40804062f056f076f07", "6a82"}, /* through a file that is no directory */
        {"00a40804042f052f05", "6a82"},
        {"00a40804046f077fff", "6a82"},
        {"00a40804037fff6f", "6700"},
        {"00a40804", "6700"},
        {"00a40804127fff7fff7fff7fff7fff7fff7fff7fff7fff", "6700"},
        {"00a40804107fff7fff7fff7fff7fff7fff7fff7fff", "6a82"},
        {"80f2000000", FCP_ADF "9000"}, /* the ADF was selected last: a failed SELECT changes nothing */
        {"00b0000001", "6986"},
    };
    RUN(exchanges);
}

static void test_select_parent_and_child(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a40304", FCP_MF "9000"}, /* above MF is MF */
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f07", "9000"},
        {"00a40304", FCP_MF "9000"},                                 /* above the ADF too */
        {"00a40304023f00", "6700"},      {"00a40104022f05", "6a82"}, /* no directory */
        {"00a40104027ff0", "6a82"},      {"00a4010c", "6700"},
    };
    RUN(exchanges);
}

static void test_select_by_name(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040410" USIM_AID, FCP_ADF "9000"},
        {"00a4040409" API_AID, FCP_API "9000"},
        {"00a404040ca0000000871002ffffffff89", FCP_ADF "9000"}, /* cut on the right */
        {"00a4040401a0", FCP_ADF "9000"},
        {"00a4040401f0", FCP_API "9000"},
        {"00a4040407a0000000871005", "6a82"},
        {"00a4040410a0000000871002ffffffff8907090001", "6a82"},
        {"00a404040a" API_AID "00", "6a82"},   /* longer than the AID */
        {"80f2000100", "8409" API_AID "9000"}, /* what failed changed nothing */
        {"00a40404", "6700"},
        {"00a4040411" USIM_AID "00", "6700"},
        {"00a4040710" USIM_AID, FCP_ADF "9000"}, /* previous: before the applet stands the USIM */
        {"00a4040710" USIM_AID, "6a82"},         /* and before that nothing */
        {"00a4040610" USIM_AID, "6a82"},         /* nor a next one of this name */
        {"00a4040510" USIM_AID, FCP_ADF "9000"}, /* the last */
    };
    RUN(exchanges);
}

/* A session of an application is ended with P2 4X (11.1.1.2). */
static void test_terminate(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4044c10" USIM_AID, "6a86"}, /* it is not active */
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f46", "9000"},
        {"00a4044c09" API_AID, "6a86"},  {"00a4044410" USIM_AID, FCP_ADF "9000"},
        {"80f2000100", "9000"},          {"80f2000000", FCP_MF "9000"},
        {"00b0000001", "6986"},          {"00a4000c027fff", "6a82"},
    };
    RUN(exchanges);
}

/* STATUS */

static void test_status(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"80f2000000", FCP_MF "9000"},
        {"80f2000c", "9000"},
        {"80f2000100", "9000"},
        {"00a4040c10" USIM_AID, "9000"},
        {"00a4000c026f46", "9000"},
        {"80f2000000", FCP_ADF "9000"}, /* of the directory */
        {"80f2010100", "8410" USIM_AID "9000"},
        {"80f2020c", "9000"},
        {"00b0000001", "009000"}, /* the file is still selected */
        {"80f2030000", "6a86"},
        {"80f2000200", "6a86"},
        {"80f2000001aa00", "6700"},
        {"00f2000000", "6e00"},
    };
    RUN(exchanges);
}

/* READ and UPDATE BINARY */

static void test_read_binary(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00b0000000", "6986"},           {"00a4000c022f08", "9000"}, {"00b0000000", "3c050200009000"},
        {"00b0000005", "3c050200009000"}, {"00b0000006", "6700"},     {"00b0000402", "6700"},
        {"00b0000400", "009000"},         {"00b0000201", "029000"},   {"00b0000500", "6b00"},
        {"00b0010000", "6b00"},           {"00b07fff01", "6b00"},     {"00b00000", "6700"},       /* no Le */
        {"00b0000001aa", "6700"},         {"00b0000001aa00", "6700"}, {"00b0850002", "656e9000"}, /* by SFI 05, EF_PL */
        {"00b0000102", "6eff9000"}, /* which is selected now */
        {"00b0850902", "6700"},           {"00b0850a01", "6b00"},     {"00b0860001", "6981"}, /* EF_ARR has records */
        {"00b09f0001", "6a82"},                                                               /* no such SFI */
        {"00b0800001", "6a82"},                                                               /* SFI 0 names nothing */
        {"00b0830001", "6a82"},           {"00a4000c022f06", "9000"}, {"00b0000001", "6981"},
        {"00a4000c023f00", "9000"},       {"00b0000001", "6986"},     {"80b0000001", "6e00"},
    };
    RUN(exchanges);
}

static void test_update_binary(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00d600000165", "6986"},
        {"00a4040c10" USIM_AID, "9000"},
        {"00d68200026465", "6982"},
        {"0020000108" TEST_PIN, "9000"},
        {"00d68200026465", "9000"},
        {"00b0820000", "6465ffffffff9000"},
        {"00d600050161", "9000"}, /* the file of the SFI is selected now */
        {"00b0000000", "6465ffffff619000"},
        {"00d60005026162", "6700"}, /* over the end */
        {"00d600060161", "6b00"},
        {"00d600000761616161616161", "6700"},
        {"00d60000", "6700"},
        {"00d6000005", "6700"},
        {"00b0000000", "6465ffffff619000"}, /* as before */
        {"00d69f000161", "6a82"},
        {"00d681000161", "6981"}, /* EF_ECC has records */
        {"00d6870001ff", "6982"}, /* EF_IMSI is ADM's */
        {"80d682000161", "6e00"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00b0820000", "6465ffffff619000");
    test_card_end(&card);
}

/* READ and UPDATE RECORD */

static void test_read_record(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00b2010400", "6986"},         {"00a4040c10" USIM_AID, "9000"},
        {"00a4000c026fb7", "9000"}, /* EF_ECC: two records of four octets */
        {"00b2000400", "6a83"},     /* no record is current */
        {"00b2010400", "11f2ff009000"}, {"00b2010404", "11f2ff009000"},
        {"00b2010403", "6700"},         {"00b2010405", "6700"},
        {"00b20104", "6700"},           {"00b2010401aa", "6700"},
        {"00b2020400", "ffffffff9000"}, {"00b2030400", "6a83"},
        {"00b2ff0400", "6a83"},         {"00b2000400", "6a83"}, /* an absolute number does not move the pointer */
        {"00b2000200", "11f2ff009000"},                         /* next: the first */
        {"00b2000400", "11f2ff009000"}, {"00b2000200", "ffffffff9000"},
        {"00b2000200", "6a83"},         {"00b2000400", "ffffffff9000"},
        {"00b2000300", "11f2ff009000"}, /* previous */
        {"00b2000300", "6a83"},         {"00a4000c026fb7", "9000"},
        {"00b2000300", "ffffffff9000"}, /* previous of none: the last */
        {"00b2010200", "6a86"},         {"00b2010300", "6a86"},
        {"00b2000000", "6a86"},         {"00b2010100", "6a86"},
        {"00b2010500", "6a86"},         {"00b2010600", "6a86"},
        {"00b2010700", "6a86"},         {"00b2010c00", "11f2ff009000"}, /* by SFI 01 */
        {"00b2000400", "6a83"},                                         /* which selects it anew */
        {"00b2012400", "6981"},                                         /* SFI 04 is EF_UST */
        {"00b201fc00", "6a82"},                                         /* SFI 1F */
        {"00a4000c026f46", "9000"},     {"00b2010400", "6981"},
    };
    RUN(exchanges);
}

static void test_update_record(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"},  {"00a4000c026fb7", "9000"},     {"00dc02040412345678", "6982"},
        {"0020000a08" TEST_ADM, "9000"},  {"00dc02040412345678", "9000"}, {"00b2020400", "123456789000"},
        {"00b2010400", "11f2ff009000"},   {"00dc00040400000000", "6a83"}, {"00dc000204aabbccdd", "9000"},
        {"00b2010400", "aabbccdd9000"},   {"00dc000204eeff0011", "9000"}, {"00b2020400", "eeff00119000"},
        {"00dc00020400000000", "6a83"},   {"00dc00030401020304", "9000"}, {"00b2010400", "010203049000"},
        {"00dc010c0455555555", "9000"}, /* by SFI */
        {"00b2010400", "555555559000"},   {"00dc03040400000000", "6a83"}, {"00dc010403000000", "6700"},
        {"00dc0104050000000000", "6700"}, {"00dc0104", "6700"},           {"00dc01010400000000", "6a86"},
        {"80dc01040400000000", "6e00"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00b2010c00", "555555559000");
    assert_apdu(&card, "00b2020400", "eeff00119000");
    test_card_end(&card);
}

/* With the applet selected there is no ADF, and files keep their rules. */
static void test_files_beside_the_applet(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f07", "9000"},
        {"00a4040c09" API_AID, "9000"},  {"00b0000009", "6982"},
        {"00a4000c027fff", "6a82"},      {"00a4080c047fff6f07", "6a82"},
        {"0020000108" TEST_PIN, "9000"}, {"00b0000009", "0809101010325476989000"},
    };
    RUN(exchanges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select_by_identifier),
        cmocka_unit_test(test_select_by_path),
        cmocka_unit_test(test_select_parent_and_child),
        cmocka_unit_test(test_select_by_name),
        cmocka_unit_test(test_terminate),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_read_binary),
        cmocka_unit_test(test_update_binary),
        cmocka_unit_test(test_read_record),
        cmocka_unit_test(test_update_record),
        cmocka_unit_test(test_files_beside_the_applet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
