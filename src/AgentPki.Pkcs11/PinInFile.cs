namespace AgentPki.Pkcs11;

/// <summary>A PIN in a file that the service's user alone can read (<see cref="PinFile"/>): the token opens by itself.</summary>
public sealed class PinInFile(string path) : PinSource
{
    public string Path { get; } = path;

    public override string Remedy => $"put the right PIN into {Path} (chmod 600)";

    public override string ToString() => $"PIN from {Path}";

    internal override string Identity => Path;

    internal override object Version => new FileInfo(Path) is { Exists: true } file ? (file.Length, file.LastWriteTimeUtc) : (0L, default(DateTime));

    internal override byte[] Read() => PinFile.Read(Path);

    internal override void EnsurePresent() => PinFile.CreateRandom(Path);

    internal override void Validate()
    {
        if (Path.Length == 0)
        {
            throw new ArgumentException("PKCS#11 configuration, pinFile: a path.");
        }
    }
}
