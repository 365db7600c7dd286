namespace AgentPki.Authority.Issuance;

/// <summary>A TBSCertList and its signature, before they are one object.</summary>
internal sealed record SignedList(ReadOnlyMemory<byte> ToBeSigned, byte[] Signature);
