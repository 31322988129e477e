package io.ringvault.block;

import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.SimulatedDevice.Operation;
import io.ringvault.block.SimulatedDevice.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What a {@link SimulatedDevice} makes of requests and of power failures; plain functions. */
final class CrashImages {

    private CrashImages() {
    }

    /** The writes that survive. */
    static List<VolatileWrite> keep(final List<VolatileWrite> all, final CrashPolicy policy,
        final SplittableRandom dice) {
        return switch (policy.keep()) {
            case NONE -> List.of();
            case ALL -> all;
            case PREFIX -> all.subList(0, dice.nextInt(all.size() + 1));
            case RANDOM -> all.stream().filter(write -> dice.nextBoolean()).toList();
        };
    }

    /** The writes whose bit is set. */
    static List<VolatileWrite> keep(final List<VolatileWrite> all, final long mask) {
        final List<VolatileWrite> kept = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (i < Long.SIZE && (mask & 1L << i) != 0) {
                kept.add(all.get(i));
            }
        }
        return kept;
    }

    /** The image with these writes. */
    static PagedImage after(final PagedImage durable, final List<VolatileWrite> order, final CrashPolicy policy,
        final SplittableRandom dice) {
        final PagedImage image = durable.copy();
        for (final VolatileWrite write : order) {
            if (policy.torn() && dice.nextBoolean()) {
                write.applyTorn(image, dice, policy.garbage());
            } else {
                write.applyTo(image);
            }
        }
        return image;
    }

    /** The image with the chosen writes, and the first sectors of one more, or all but these. */
    static PagedImage torn(final PagedImage durable, final List<VolatileWrite> all, final long mask, final int torn,
        final int sectors, final boolean head) {
        final PagedImage image = durable.copy();
        for (int i = 0; i < all.size(); i++) {
            if (i == torn) {
                all.get(i).applyPart(image, sectors, head);
            } else if (i < Long.SIZE && (mask & 1L << i) != 0) {
                all.get(i).applyTo(image);
            }
        }
        return image;
    }

    /** A random order in which no write comes before one that had completed when it was submitted. */
    static List<VolatileWrite> possibleOrder(final List<VolatileWrite> writes, final SplittableRandom dice) {
        final List<VolatileWrite> rest = new ArrayList<>(writes);
        final List<VolatileWrite> order = new ArrayList<>(writes.size());
        while (!rest.isEmpty()) {
            long earliestCompletion = Long.MAX_VALUE;
            for (final VolatileWrite write : rest) {
                earliestCompletion = Math.min(earliestCompletion, write.completedAt);
            }
            final long bound = earliestCompletion;
            final List<VolatileWrite> free = rest.stream().filter(write -> write.submittedAt <= bound).toList();
            final VolatileWrite next = free.get(dice.nextInt(free.size()));
            rest.remove(next);
            order.add(next);
        }
        return order;
    }

    /** An operation's write commands, with their content as of now. */
    static List<VolatileWrite> commands(final Settings settings, final long seed, final Operation operation,
        final byte[] data, final long now) {
        final List<VolatileWrite> commands = new ArrayList<>();
        if (operation.kind() == Kind.WRITE) {
            for (int done = 0; done < data.length; done += settings.singleCommandBytes()) {
                final int length = Math.min(settings.singleCommandBytes(), data.length - done);
                commands.add(VolatileWrite.of(operation.offsetBytes() + done, data, done, length, now));
            }
        } else if (operation.kind() == Kind.DEALLOCATE && settings.garbageAfterDeallocate()) {
            final byte[] noise = new byte[Math.toIntExact(operation.lengthBytes())];
            new SplittableRandom(seed ^ operation.index()).nextBytes(noise);
            commands.add(VolatileWrite.of(operation.offsetBytes(), noise, 0, noise.length, now));
        } else {
            commands.add(VolatileWrite.zeros(operation.offsetBytes(), operation.lengthBytes(), now));
        }
        return commands;
    }
}
