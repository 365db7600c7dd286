namespace AgentPki.Protocols.Est;

/// <summary>RFC 7030's media types, spelled as RFC 7030 spells them.</summary>
internal static class EstMediaTypes
{
    public const string Pkcs10 = "application/pkcs10";
    public const string Pkcs7 = "application/pkcs7-mime";
    public const string CertsOnly = "application/pkcs7-mime; smime-type=certs-only";
    public const string CmcRequest = "CMC-request";
    public const string CmcResponse = "application/pkcs7-mime; smime-type=CMC-response";
    public const string ServerGeneratedKey = "application/pkcs7-mime; smime-type=server-generated-key";
    public const string Pkcs8 = "application/pkcs8";
    public const string CsrAttributes = "application/csrattrs";
}
