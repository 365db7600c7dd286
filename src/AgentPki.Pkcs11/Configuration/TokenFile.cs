namespace AgentPki.Pkcs11.Configuration;

/// <summary>The fields of a <c>token.yaml</c> as they are written; explained in <c>hsm-config/README.md</c>.</summary>
internal sealed class TokenFile
{
    public string Name { get; set; } = "";

    public string Title { get; set; } = "";

    public List<string> Modules { get; set; } = [];

    public List<string> Preload { get; set; } = [];

    public Dictionary<string, string> Environment { get; set; } = [];

    public HomeSection Home { get; set; } = new();

    public InitializationSection? Initialization { get; set; }

    public SessionSection Sessions { get; set; } = new();

    public string? Wrapping { get; set; }

    public string? Encapsulation { get; set; }

    public string? Agreement { get; set; }

    public string? Quorum { get; set; }

    public AttestationSection? Attestation { get; set; }

    public KeyBackupSection? KeyBackup { get; set; }

    public Dictionary<string, KeySection> Keys { get; set; } = [];

    public Dictionary<string, SignatureSection> Signatures { get; set; } = [];

    internal sealed class HomeSection
    {
        public List<string> Folders { get; set; } = [];

        public Dictionary<string, string> Files { get; set; } = [];
    }

    internal sealed class InitializationSection
    {
        public string? FixedLabel { get; set; }

        public bool EmptySoPin { get; set; }
    }

    internal sealed class AttestationSection
    {
        public string? Attribute { get; set; }

        public string? Certificate { get; set; }
    }

    internal sealed class KeyBackupSection
    {
        public List<string> Methods { get; set; } = [];

        public List<string> Keys { get; set; } = [];

        public string? Mechanism { get; set; }

        public OaepSection? Oaep { get; set; }

        public string? PublicValue { get; set; }
    }

    internal sealed class OaepSection
    {
        public string Hash { get; set; } = "";

        public string Mgf { get; set; } = "";
    }

    internal sealed class SessionSection
    {
        public int Limit { get; set; }

        public int Default { get; set; }

        public bool LoginPerSession { get; set; }
    }

    internal sealed class KeySection
    {
        public string Generate { get; set; } = "";

        public Dictionary<string, string> Public { get; set; } = [];

        public Dictionary<string, string> Private { get; set; } = [];

        public List<string> Omit { get; set; } = [];

        public string PublicKey { get; set; } = "";
    }

    internal sealed class SignatureSection
    {
        public string Mechanism { get; set; } = "";

        public string Input { get; set; } = "";

        public string Output { get; set; } = "plain";

        public int MaxInput { get; set; }

        public bool? MultiPart { get; set; }

        public string? Hedge { get; set; }

        public PssSection? Pss { get; set; }

        public string? Parameter { get; set; }
    }

    internal sealed class PssSection
    {
        public string Hash { get; set; } = "";

        public string Mgf { get; set; } = "";

        public int Salt { get; set; }
    }
}
