/* command_checks.c: wrong classes, instructions and parameters; toolkit and other commands (TS 102 221 10, 11). */
#include "conformance/check.h"

static const struct check codings[] = {
    {"coding.gsm_class", "TS 102 221 10.1.1", "class A0 of GSM 11.11 is refused with 6E00", 0,
     STEPS({"A0A40000023F00", "6E00"})},
    {"coding.chaining", "TS 102 221 10.1.1", "command chaining is refused", 0,
     STEPS({"10A4000C023F00", "6E00|6884|6D00"})},
    {"coding.secure_messaging", "TS 102 221 10.1.1", "secure messaging that was not agreed on is refused", IS_ADVISORY,
     STEPS({"0CA4000C023F00", "6882|6E00|69XX"})},
    {"coding.class_of_command", "TS 102 221 10.1.1", "READ BINARY of class 8X is refused with 6E00", IS_ADVISORY,
     STEPS({"8XB0000001", "6E00"})},
    {"coding.class_of_status", "TS 102 221 10.1.1", "STATUS of class 0X is refused with 6E00", IS_ADVISORY,
     STEPS({"0XF2000C", "6E00"})},
    {"coding.unknown_instruction", "TS 102 221 10.1.2", "an instruction that is not there is refused with 6D00", 0,
     STEPS({"0X0A0000", "6D00"})},
    {"coding.unknown_instruction_8x", "TS 102 221 10.1.2", "an instruction of class 8X that is not there is refused", 0,
     STEPS({"8X0A0000", "6D00|6E00"})},
    {"coding.goes_on", "TS 102 221 10.2.1", "after refused commands the card works as before", 0,
     STEPS({"0XA4000C022FE2", "9000"}, {"0X0A0000", ANY_ERROR}, {"A0B0000001", ANY_ERROR}, {"0XB000000A", "9000"})},
    {"coding.status_with_data", "TS 102 221 11.1.2", "STATUS with data is refused with 67XX", IS_ADVISORY,
     STEPS({"8XF2000C020000", "67XX"})},
    {"coding.challenge_p1", "TS 102 221 11.1.18", "GET CHALLENGE with P1 01 is refused with 6A86",
     MAY_BE_MISSING | IS_ADVISORY, STEPS({"0X84010008", "6A86"})},
    {"coding.verify_p1", "TS 102 221 11.1.9", "VERIFY PIN with P1 01 is refused with 6A86", 0,
     STEPS({"0X200101", "6A86"})},
    {"coding.authenticate_p1", "TS 31.102 7.1.2", "AUTHENTICATE with P1 01 is refused with 6A86",
     NEEDS_USIM | NEEDS_PIN_OPEN,
     STEPS({"0X88018111100000000000000000000000000000000000", "6A86"})},
};

CHECK_GROUP(coding_checks, codings);

/* Two that are equal would be a coincidence of one in 2^64. */
static void challenges_differ(struct probe *probe)
{
    struct content first;
    probe_keep(&first, probe_expect_offered(probe, "0X84000008", "9000"));
    const struct octets second = probe_expect(probe, "0X84000008", "9000");
    probe_demand(probe, !octets_equal(second, content_octets(&first)), "other octets than before");
}

static void challenge_has_length(struct probe *probe)
{
    const struct octets challenge = probe_expect_offered(probe, "0X84000008", "9000");
    probe_demand(probe, challenge.length == 8, "8 octets");
}

static void retrieve_of_transparent(struct probe *probe)
{
    (void)probe_expect(probe, "0XA4000C022FE2", "9000");
    (void)probe_expect_offered(probe, "8XCB8000018000", ANY_ERROR);
}

static const struct check toolkit[] = {
    {"challenge.length", "TS 102 221 11.1.18", "GET CHALLENGE answers as many octets as Le says", 0,
     .run = challenge_has_length},
    {"challenge.differs", "TS 102 221 11.1.18", "GET CHALLENGE never answers the same", 0, .run = challenges_differ},
    {"toolkit.terminal_profile", "TS 102 221 11.2.1", "TERMINAL PROFILE is taken", MAY_BE_MISSING | NEEDS_DESTRUCTIVE,
     STEPS({"8010000004FFFFFFFF", "9000"})},
    {"toolkit.terminal_profile_p1", "TS 102 221 11.2.1", "TERMINAL PROFILE with P1 01 is refused with 6A86",
     MAY_BE_MISSING | IS_ADVISORY, STEPS({"8010010004FFFFFFFF", "6A86"})},
    {"toolkit.fetch_nothing", "TS 102 221 11.2.3", "FETCH is refused when no proactive command waits",
     MAY_BE_MISSING | IS_ADVISORY | NEEDS_DESTRUCTIVE, STEPS({"8012000000", ANY_ERROR})},
    {"toolkit.terminal_response_unasked", "TS 102 221 11.2.4", "TERMINAL RESPONSE to no command is refused",
     MAY_BE_MISSING | IS_ADVISORY | NEEDS_DESTRUCTIVE, STEPS({"801400000C810301250002028281030100", ANY_ERROR})},
    {"toolkit.envelope", "TS 102 221 11.2.2", "ENVELOPE is answered, though nobody waits for the event",
     MAY_BE_MISSING | IS_ADVISORY | NEEDS_DESTRUCTIVE,
     STEPS({"80C2000009D6079901048202828100", "9000|62XX|63XX|6AXX|69XX|93XX"})},
    {"toolkit.terminal_capability", "TS 102 221 11.1.19", "TERMINAL CAPABILITY is taken",
     MAY_BE_MISSING | IS_ADVISORY | NEEDS_DESTRUCTIVE, STEPS({"80AA000005A903830100", "9000"})},
    {"toolkit.terminal_capability_p1", "TS 102 221 11.1.19", "TERMINAL CAPABILITY with P1 01 is refused with 6A86",
     MAY_BE_MISSING | IS_ADVISORY, STEPS({"80AA010005A903830100", "6A86"})},
    {"suspend.wrong_p1", "TS 102 221 11.1.22", "SUSPEND UICC with a reserved P1 is refused with 6A86",
     MAY_BE_MISSING | IS_ADVISORY, STEPS({"8076020000", "6A86"})},
    {"suspend.nothing_to_resume", "TS 102 221 11.1.22", "resuming a card that is not suspended is refused",
     MAY_BE_MISSING | NEEDS_DESTRUCTIVE, STEPS({"80760100080000000000000000", ANY_ERROR})},
    {"retrieve.transparent_file", "TS 102 221 11.3.1", "RETRIEVE DATA of a file that is no BER-TLV file is refused", 0,
     .run = retrieve_of_transparent},
};

CHECK_GROUP(toolkit_checks, toolkit);
