namespace AgentPki.Server.Ceremony;

/// <summary>The shell script beside the evidence.</summary>
internal static class VerifyScript
{
    public static ReadOnlyMemory<byte> Octets { get; } = "#!/bin/sh\necho 'not here yet'; exit 1\n"u8.ToArray();
}
