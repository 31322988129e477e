package io.ringvault.tests.guest;

import io.ringvault.cli.CommandInGuest;
import io.ringvault.nvme.vfio.BarFaults;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The program that runs in the guest: jobs separated by {@code +}, one after the other in one JVM. The first that fails
 * ends it with a stack trace and status 1.
 */
public final class GuestMain {

    private GuestMain() {
    }

    /** {@code JOB ARGUMENT... [+ JOB ARGUMENT...]...}. */
    public static void main(final String[] arguments) throws Exception {
        List<String> job = new ArrayList<>();
        final List<String> all = new ArrayList<>(Arrays.asList(arguments));
        all.add("+");
        for (final String word : all) {
            if (word.equals("+")) {
                perform(job);
                job = new ArrayList<>();
            } else {
                job.add(word);
            }
        }
        say("all jobs done");
    }

    private static void perform(final List<String> job) throws Exception {
        final long began = System.nanoTime();
        final String device = job.get(1);
        switch (job.getFirst()) {
            case "driver" -> DriverSuite.run(device);
            case "read-error" -> DriverSuite.expectReadError(device, job.get(2));
            case "write-error" -> DriverSuite.expectWriteError(device, job.get(2));
            case "raw-write" -> DriverSuite.rawWrite(device, Long.parseLong(job.get(2)));
            case "raw-read" -> DriverSuite.rawRead(device, Long.parseLong(job.get(2)));
            case "disk" -> DiskSuite.run(device);
            case "format" -> DiskSuite.format(device, job.get(2));
            case "write-until-killed" -> DiskSuite.writeUntilKilled(device, job.get(2), Long.parseLong(job.get(3)));
            case "dump" -> DiskSuite.dump(device, job.get(2), job.get(3));
            case "owned" -> DiskSuite.expectOneOwner(device, job.get(2));
            case "refuse" -> DiskSuite.expectRefusal(device, job.get(2));
            case "bar-faults" -> BarFaults.run(device);
            case "command" -> CommandInGuest.run(job.subList(1, job.size()));
            case "shell" -> shell(job.get(1));
            default -> throw new IllegalArgumentException("job " + job);
        }
        say(String.join(" ", job) + ": ok in " + (System.nanoTime() - began) / 1_000_000 + " ms");
    }

    private static void shell(final String script) throws Exception {
        final int exit = new ProcessBuilder("bash", "-euc", script).inheritIO().start().waitFor();
        check(exit == 0, script + " ended with " + exit);
    }

    static void say(final String text) {
        System.out.println(text);
    }

    static void check(final boolean met, final String otherwise) {
        if (!met) {
            throw new AssertionError(otherwise);
        }
    }
}
