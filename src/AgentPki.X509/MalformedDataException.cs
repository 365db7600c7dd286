namespace AgentPki.X509;

/// <summary>Octets that are not the DER structure they should be. The message names the field and the offset.</summary>
public sealed class MalformedDataException(string message, int offset = -1, Exception? inner = null)
    : FormatException(offset < 0 ? message : $"{message} (at octet {offset})", inner)
{
    /// <summary>Where in the input, in octets from its start; -1 when unknown.</summary>
    public int Offset { get; } = offset;
}
