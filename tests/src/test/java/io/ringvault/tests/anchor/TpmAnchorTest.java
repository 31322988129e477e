package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.Anchors;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The anchor in a TPM 2.0 under the contract, and against the TPM's owner, who has tpm2-tools. */
class TpmAnchorTest extends AnchorContract {
    @TempDir
    static Path folder;
    private static Swtpm tpm;

    private final VolumeKey key = new VolumeKey(1, new byte[32]);
    private final byte[] volumeId = new byte[16];

    @BeforeAll
    static void start() throws Exception {
        tpm = Swtpm.start(folder);
    }

    @AfterAll
    static void stop() throws Exception {
        if (tpm != null) {
            tpm.close();
        }
    }

    @Override
    AnchorPlace place() {
        return tpm;
    }

    @Test
    void shouldBeAnIndexThatOnlyItsSecretCanWrite() throws Exception {
        try (Anchor anchor = Anchors.create(tpm.vacant(), key, volumeId)) {
            final String shown = tpm.tools("tpm2_nvreadpublic", Swtpm.handle(anchor.spec())).expect(0).out();
            for (final String attribute : new String[] {"authwrite", "writeall", "authread", "policyread", "no_da"}) {
                assertTrue(shown.contains(attribute), shown);
            }
            assertFalse(shown.contains("ownerwrite"), shown);
            final Path forged = Files.write(folder.resolve("forged"), new byte[136]);
            assertTrue(tpm.tools("tpm2_nvwrite", "-C", "o", "-i", forged.toString(), Swtpm.handle(anchor.spec())).exit()
                != 0, "the owner wrote the index");
            assertTrue(tpm.tools("tpm2_nvwrite", "-i", forged.toString(), Swtpm.handle(anchor.spec())).exit() != 0,
                "nobody in particular wrote the index");
            assertEquals(new AnchorValue(0, 0, 0, 0), anchor.read());
        }
    }

    /** The owner deletes the index and makes another with the record of before: authentic, but without the secret. */
    @Test
    void shouldRefuseAnOlderRecordThatTheOwnerPutInANewIndex() throws Exception {
        final AnchorValue older = new AnchorValue(1, 5, 1, 1);
        final AnchorValue newer = new AnchorValue(1, 6, 2, 2);
        try (Anchor anchor = Anchors.create(tpm.vacant(), key, volumeId)) {
            final String handle = Swtpm.handle(anchor.spec());
            assertTrue(anchor.advance(anchor.read(), older));
            final byte[] record = recordOf(handle);
            assertTrue(anchor.advance(older, newer));
            final Path file = Files.write(folder.resolve("older"), record);
            final String policy = tpm.tools("tpm2_nvreadpublic", handle).expect(0).out()
                .replaceAll("(?s).*authorization policy: ([0-9A-Fa-f]+).*", "$1");
            tpm.tools("tpm2_nvundefine", "-C", "o", handle).expect(0);
            tpm.tools("tpm2_nvdefine", "-C", "o", "-s", "136", "-a",
                "authwrite|writeall|authread|policyread|no_da", "-L", policyFile(policy).toString(), "-p", "guess",
                handle).expect(0);
            tpm.tools("tpm2_nvwrite", "-P", "guess", "-i", file.toString(), handle).expect(0);
            final StorageException refused = assertThrows(StorageException.class,
                () -> Anchors.open(anchor.spec(), key, volumeId, anchor.id()));
            assertEquals(StorageException.Category.FRESHNESS, refused.category(), refused.getMessage());
            assertTrue(refused.getMessage().contains("replaced"), refused.getMessage());
            assertThrows(StorageException.class, anchor::read);
            assertThrows(StorageException.class, () -> anchor.advance(newer, older));
        }
    }

    private Path policyFile(final String hex) throws Exception {
        return Files.write(folder.resolve("policy"), java.util.HexFormat.of().parseHex(hex.toLowerCase()));
    }

    /** Anybody may read the record, without proof, by the policy for that. */
    private byte[] recordOf(final String handle) throws Exception {
        final Path session = folder.resolve("session");
        final Path other = folder.resolve("other-policy");
        final Path trial = folder.resolve("trial");
        tpm.tools("tpm2_startauthsession", "-S", trial.toString()).expect(0);
        tpm.tools("tpm2_policycommandcode", "-S", trial.toString(), "TPM2_CC_NV_ChangeAuth").expect(0);
        tpm.tools("tpm2_policyauthvalue", "-S", trial.toString(), "-L", other.toString()).expect(0);
        tpm.tools("tpm2_flushcontext", trial.toString()).expect(0);
        final Path read = folder.resolve("read-policy");
        tpm.tools("tpm2_startauthsession", "--policy-session", "-S", session.toString()).expect(0);
        tpm.tools("tpm2_policycommandcode", "-S", session.toString(), "-L", read.toString(), "TPM2_CC_NV_Read")
            .expect(0);
        tpm.tools("tpm2_policyor", "-S", session.toString(), "sha256:" + read + "," + other).expect(0);
        final Path out = folder.resolve("record");
        tpm.tools("tpm2_nvread", "-P", "session:" + session, "-s", "136", "-o", out.toString(), handle).expect(0);
        tpm.tools("tpm2_flushcontext", session.toString());
        return Files.readAllBytes(out);
    }

    @Test
    void shouldFindTheSecretAfterTicketsWereTakenAndNotUsed() throws Exception {
        try (Anchor anchor = Anchors.create(tpm.vacant(), key, volumeId)) {
            final AnchorValue wrong = new AnchorValue(9, 9, 9, 9);
            for (int i = 0; i < 5; i++) {
                try (Anchor opener = Anchors.open(anchor.spec(), key, volumeId, anchor.id())) {
                    assertFalse(opener.advance(wrong, wrong));
                }
            }
            try (Anchor last = Anchors.open(anchor.spec(), key, volumeId, anchor.id())) {
                assertTrue(last.advance(new AnchorValue(0, 0, 0, 0), wrong));
            }
            assertEquals(wrong, anchor.read());
        }
    }
}
