/** What a guest's suite does below the public face of the VFIO transport: in its package, on the class path. */
package io.ringvault.nvme.vfio;
