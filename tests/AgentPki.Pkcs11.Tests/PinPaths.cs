namespace AgentPki.Pkcs11.Tests;

internal static class PinPaths
{
    /// <summary>The file of a PIN that lies in one.</summary>
    public static string PinPath(this Pkcs11Options options) => ((PinInFile)options.Pin).Path;
}
