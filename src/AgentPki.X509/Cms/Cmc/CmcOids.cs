namespace AgentPki.X509.Cms.Cmc;

/// <summary>Control attributes of CMC (RFC 5272 §6, appendix A).</summary>
public static class CmcOids
{
    private const string Controls = "1.3.6.1.5.5.7.7.";

    public const string StatusInfo = Controls + "1";
    public const string Identification = Controls + "2";
    public const string IdentityProof = Controls + "3";
    public const string DataReturn = Controls + "4";
    public const string TransactionId = Controls + "5";
    public const string SenderNonce = Controls + "6";
    public const string RecipientNonce = Controls + "7";
    public const string AddExtensions = Controls + "8";
    public const string EncryptedPop = Controls + "9";
    public const string DecryptedPop = Controls + "10";
    public const string LraPopWitness = Controls + "11";
    public const string GetCertificate = Controls + "15";
    public const string GetCrl = Controls + "16";
    public const string RevokeRequest = Controls + "17";
    public const string RegistrationInfo = Controls + "18";
    public const string ResponseInfo = Controls + "19";
    public const string QueryPending = Controls + "21";
    public const string PopLinkRandom = Controls + "22";
    public const string PopLinkWitness = Controls + "23";
    public const string ConfirmCertificateAcceptance = Controls + "24";
    public const string StatusInfoV2 = Controls + "25";
    public const string IdentityProofV2 = Controls + "34";
    public const string PopLinkWitnessV2 = Controls + "33";
}
