package io.ringvault.cli;

import io.ringvault.block.StorageException;
import io.ringvault.disk.KeyRotation;
import io.ringvault.disk.KeySource;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Draws a new volume key and waits until nothing is left under the old one. */
@Command(name = "rotate", mixinStandardHelpOptions = true,
    description = {"Draw a new volume key and re-encrypt everything under it.",
        "Key slots whose secrets are given go on; others cannot, since nobody else knows their secrets: they are "
            + "refused without --force. May be interrupted: the next opening goes on, and so does this command."})
final class KeyRotateCommand implements Callable<Integer> {
    private static final long POLL_NS = 20_000_000;

    @Mixin
    private VolumeOptions volume;

    @Option(names = "--also-key-file", paramLabel = "FILE",
        description = "A further key, whose slot goes on; may be repeated.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--also-key-command", paramLabel = "CMD",
        description = "A command that prints a further key; may be repeated.")
    private List<String> commands = new ArrayList<>();

    @Option(names = "--also-passphrase-fd", paramLabel = "N",
        description = "A descriptor with a further passphrase; may be repeated.")
    private List<Integer> descriptors = new ArrayList<>();

    @Option(names = "--force", description = "Give up the key slots whose secrets are not given.")
    private boolean force;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final PrintWriter out = spec.commandLine().getOut();
        final KeySource first = volume.key.source(false);
        final List<KeySource> secrets = new ArrayList<>(List.of(first));
        files.forEach(each -> secrets.add(source(each, null, null)));
        commands.forEach(each -> secrets.add(source(null, each, null)));
        descriptors.forEach(each -> secrets.add(source(null, null, each)));
        final SecureDiskContext context = volume.context();
        final KeyRotation ended;
        try (RememberedSecret once = new RememberedSecret(first);
            SecureDisk disk = SecureDisk.open(context.keySource(once))) {
            disk.warnings().forEach(each -> spec.commandLine().getErr().println("ringvault: warning: " + each));
            secrets.set(0, once);
            if (disk.keyRotation().done()) {
                disk.rotateVolumeKey(secrets, force);
            } else {
                out.println("going on with the rotation to volume key " + disk.keyRotation().keyNumber()
                    + " that was interrupted");
                out.flush();
            }
            ended = await(disk);
        }
        if (!ended.done()) {
            throw StorageException.integrity(volume.device + ": " + ended.segmentsLeft() + " segments under the old"
                + " volume key cannot be emptied, since blocks of them cannot be read: 'ringvault verify' names them."
                + " Everything else is under volume key " + ended.keyNumber());
        }
        out.println("volume key " + ended.keyNumber() + " is in use, the one before it is forgotten");
        return 0;
    }

    private KeySource source(final Path file, final String command, final Integer descriptor) {
        return KeyOptions.chosen(file, command, volume.key.timeoutSeconds, null, descriptor, "", false);
    }

    private KeyRotation await(final SecureDisk disk) {
        try (ProgressLine line = new ProgressLine(spec.commandLine().getErr())) {
            KeyRotation now = disk.keyRotation();
            while (!now.done() && !now.stalled()) {
                line.show("volume key " + now.keyNumber() + ": " + now.segmentsLeft()
                    + " segments left under the old one");
                if (disk.counters().poisonReason() != null) {
                    throw StorageException.io(volume.device + ": the volume turned read-only: "
                        + disk.counters().poisonReason());
                }
                LockSupport.parkNanos(POLL_NS);
                now = disk.keyRotation();
            }
            return now;
        }
    }
}
